import { parse } from 'csv-parse'
import { Readable } from 'node:stream'
import { batchMax, cut, dateIn, fenOf, textOf } from '../bank/reading.js'
import { statementUnreadable } from '../bank/problems.js'
import type { ReportKind, ReportLine, ReportSetting } from './model.js'

/*
 * A payment channel's daily report, read as a stream. Channels guard cells against spreadsheets by a
 * backtick, write amounts of what went back with a minus sign or without, and end their files with
 * totals: lines without a time are none of ours.
 */

const bare = (cell: string | undefined): string => cut((cell ?? '').replace(/^[`'\t]+/, '').replace(/^="(.*)"$/, '$1'), 200)

type Row = Readonly<Record<string, string>>

const refuseLine = (number: number, zh: string, en: string) => statementUnreadable({ because: { zh: `第 ${number} 行${zh}`, en: `Line ${number} ${en}` } })

const columnsOf = ({ at, kind, kinds }: ReportSetting): string[] =>
  [...new Set([at, kind, ...Object.values(kinds).flatMap(({ reference, amount }) => [reference, amount])])]

const checkHeader = (header: readonly string[], setting: ReportSetting): string[] => {
  const names = header.map((name) => bare(name))
  const missing = columnsOf(setting).filter((name) => !names.includes(name))
  if (missing.length > 0) throw statementUnreadable({ because: { zh: `缺少列:${missing.join('、')}`, en: `These columns are missing: ${missing.join(', ')}` } })
  return names
}

const lineOf = (row: Row, setting: ReportSetting, number: number): ReportLine | undefined => {
  const day = dateIn(bare(row[setting.at]))
  if (day === undefined) return undefined
  const word = bare(row[setting.kind])
  const found = (Object.entries(setting.kinds) as [ReportKind, ReportSetting['kinds'][ReportKind]][]).find(([, one]) => one?.words.includes(word))
  const [kind, columns] = found ?? []
  if (!kind || !columns) throw refuseLine(number, `的类型“${word}”不在设置中`, `is of the kind "${word}", which the setting does not know`)
  const amountFen = fenOf(bare(row[columns.amount]))
  const reference = bare(row[columns.reference])
  if (amountFen === undefined || amountFen === 0n || reference === '') throw refuseLine(number, '缺少单号或金额', 'lacks its number or amount')
  return { kind, reference, day, amountFen: kind === 'settlement' || amountFen > 0n ? amountFen : -amountFen }
}

/** The lines of a report in batches, in the file's order. @throws statement_unreadable (422) while it is read */
export async function * readReport (path: string, setting: ReportSetting): AsyncGenerator<ReportLine[]> {
  const parser = parse({
    columns: (header: string[]) => checkHeader(header, setting), bom: true, delimiter: setting.delimiter, from_line: setting.skipLines + 1,
    relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true, max_record_size: 100_000
  })
  const rows = Readable.from(textOf(path, setting.encoding)).on('error', (error) => parser.destroy(error)).pipe(parser)
  let batch: ReportLine[] = []
  let number = setting.skipLines + 1
  try {
    for await (const row of rows) {
      const line = lineOf(row as Row, setting, ++number)
      if (!line) continue
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
