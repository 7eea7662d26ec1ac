import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { statementUnreadable } from './problems.js'
import type { StatementHead, StatementLine } from './model.js'

/** A statement while it is read: its head is whole once the lines are through. */
export type Reading = Readonly<{
  /** lines in batches, in the file's order; must be read to the end */
  lines: AsyncIterable<StatementLine[]>
  /** what the statement says of itself */
  head: () => StatementHead
}>

export const batchMax = 1_000

const encodings = new Set(['utf-8', 'utf8', 'gb18030', 'gbk', 'gb2312'])

/** The text of a file, chunk by chunk. @throws statement_unreadable (422) where it is not of that encoding */
export async function * textOf (path: string, encoding: string): AsyncGenerator<string> {
  if (!encodings.has(encoding.toLowerCase())) throw statementUnreadable({ because: { zh: `不支持的编码 ${encoding}`, en: `The encoding ${encoding} is not supported` } })
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw statementUnreadable({ because: { zh: `文件不是 ${encoding} 编码`, en: `The file is not ${encoding}` } })
    }
  }
  for await (const chunk of createReadStream(path)) yield decode(chunk as Buffer)
  yield decode()
}

/** An amount in yuan, as banks write it, in fen; undefined where it is none. */
export const fenOf = (text: string): bigint | undefined => {
  const match = /^([+-]?)(\d{1,13})(?:\.(\d{1,5}))?$/.exec(text.replaceAll(',', '').trim())
  if (!match) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  if (/[^0]/.test(fraction.slice(2))) return undefined
  const fen = BigInt(whole) * 100n + BigInt(fraction.slice(0, 2).padEnd(2, '0'))
  return sign === '-' ? -fen : fen
}

/** A text without the characters a database cannot keep, of at most so many characters. */
export const cut = (text: string, max: number): string => Array.from(text.replace(/[\p{Cc}\p{Cs}]/gu, ' ').trim()).slice(0, max).join('')

/** A date as banks write it: 20260504, 2026-05-04, 2026/05/04, with or without a time. */
export const dateIn = (text: string): string | undefined => {
  const match = /^\s*(\d{4})[-/.年]?(\d{2})[-/.月]?(\d{2})(?:日|[\sT].*)?$/.exec(text)
  if (!match) return undefined
  const date = `${match[1]}-${match[2]}-${match[3]}`
  const at = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date ? undefined : date
}
