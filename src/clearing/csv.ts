import { bareCell, dateIn, fenOf, linesOfCsv, refuseLine, type CsvRow } from '../bank/reading.js'
import type { ReportKind, ReportLine, ReportSetting } from './model.js'

/*
 * A payment channel's daily report, read as a stream. Channels guard cells against spreadsheets by a
 * backtick, write amounts of what went back with a minus sign or without, and end their files with
 * totals: lines without a time are none of ours.
 */

const cellMax = 200
const bare = (cell: string | undefined): string => bareCell(cell, cellMax)

const columnsOf = ({ at, kind, kinds }: ReportSetting): string[] =>
  [...new Set([at, kind, ...Object.values(kinds).flatMap(({ reference, amount }) => [reference, amount])])]

const lineOf = (row: CsvRow, setting: ReportSetting, number: number): ReportLine | undefined => {
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
export const readReport = (path: string, setting: ReportSetting): AsyncGenerator<ReportLine[]> =>
  linesOfCsv(path, setting, { columns: columnsOf(setting), nameMax: cellMax, lineOf: (row, number) => lineOf(row, setting, number) })
