import { parse } from 'csv-parse'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
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

/** How a CSV file is written: which rows come before its header, too. */
export type CsvLayout = Readonly<{ encoding: string; delimiter: string; skipLines: number }>

/** A row by the names of its header. */
export type CsvRow = Readonly<Record<string, string>>

/** A cell without the backtick, the tab or the ="…" that guards it against spreadsheets. */
export const bareCell = (cell: string | undefined, max: number): string => cut((cell ?? '').replace(/^[`'\t]+/, '').replace(/^="(.*)"$/, '$1'), max)

/** What is wrong with one line of a file. */
export const refuseLine = (number: number, zh: string, en: string) => statementUnreadable({ because: { zh: `第 ${number} 行${zh}`, en: `Line ${number} ${en}` } })

/** The columns that are read must be there, or nothing makes sense. */
const checkHeader = (names: readonly string[], columns: readonly string[]): string[] => {
  const missing = columns.filter((name) => !names.includes(name))
  if (missing.length > 0) throw statementUnreadable({ because: { zh: `缺少列:${missing.join('、')}`, en: `These columns are missing: ${missing.join(', ')}` } })
  return [...names]
}

type CsvLines<Line> = Readonly<{
  /** those that are read; all must be in the header */
  columns: readonly string[]
  /** characters of a name in the header, at most */
  nameMax: number
  /** `number`: of the row in the file; undefined where the row is none of ours */
  lineOf: (row: CsvRow, number: number) => Line | undefined
}>

/** The lines of a CSV file in batches, in the file's order; the last may be empty. @throws statement_unreadable (422) while it is read */
export async function * linesOfCsv<Line> (path: string, { encoding, delimiter, skipLines }: CsvLayout, { columns, nameMax, lineOf }: CsvLines<Line>): AsyncGenerator<Line[]> {
  const parser = parse({
    columns: (header: string[]) => checkHeader(header.map((name) => bareCell(name, nameMax)), columns), bom: true, delimiter, from_line: skipLines + 1,
    relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true, max_record_size: 100_000
  })
  const rows = Readable.from(textOf(path, encoding)).on('error', (error) => parser.destroy(error)).pipe(parser)
  let batch: Line[] = []
  let number = skipLines + 1
  try {
    for await (const row of rows) {
      const line = lineOf(row as CsvRow, ++number)
      if (line === undefined) continue
      batch.push(line)
      if (batch.length === batchMax) {
        yield batch
        batch = []
      }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')) throw statementUnreadable({ because: { zh: '不是完整的 CSV 文件', en: `It is not a CSV file (${error.message.slice(0, 200)})` } })
    throw error
  }
  yield batch
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
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date || date < '1900-01-01' ? undefined : date
}
