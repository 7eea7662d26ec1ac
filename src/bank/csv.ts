import { parse } from 'csv-parse'
import { Readable } from 'node:stream'
import type { StatementHead, StatementLine, StatementSetting } from './model.js'
import { statementUnreadable } from './problems.js'
import { batchMax, cut, dateIn, fenOf, textOf, type Reading } from './reading.js'

/*
 * A statement as a bank's web page exports it: which column is what, and in which encoding, is the
 * office's setting. Banks guard cells against spreadsheets by a backtick, a tab or ="…".
 */

const bare = (cell: string | undefined): string => cut((cell ?? '').replace(/^[`'\t]+/, '').replace(/^="(.*)"$/, '$1'), 1_000)

type Row = Readonly<Record<string, string>>
type Csv = StatementSetting['csv']

const optional = (row: Row, column: string | undefined): string => (column === undefined ? '' : bare(row[column]))

const blank = new Set(['', '-', '--', '0', '0.0', '0.00'])

const amountIn = (row: Row, column: string): bigint | undefined => {
  const cell = bare(row[column])
  return blank.has(cell) ? 0n : fenOf(cell)
}

const refuseLine = (number: number, zh: string, en: string) => statementUnreadable({ because: { zh: `第 ${number} 行${zh}`, en: `Line ${number} ${en}` } })

const lineOf = (row: Row, { columns }: Csv, number: number): StatementLine => {
  const credit = amountIn(row, columns.credit)
  const debit = amountIn(row, columns.debit)
  const entryReference = bare(row[columns.reference])
  const bookedOn = dateIn(bare(row[columns.date]))
  if (credit === undefined || debit === undefined || (credit === 0n) === (debit === 0n)) throw refuseLine(number, '须且只须有借方或贷方金额之一', 'must have either a credit or a debit')
  if (credit < 0n || debit < 0n) throw refuseLine(number, '的金额为负', 'has a negative amount')
  if (entryReference === '' || bookedOn === undefined) throw refuseLine(number, '缺少流水号或日期', 'lacks its number or date')
  const balance = columns.balance === undefined ? undefined : fenOf(bare(row[columns.balance]))
  return {
    entryReference, bookedOn, valueOn: bookedOn, code: '',
    endToEndId: optional(row, columns.orderReference),
    side: credit > 0n ? 'C' : 'D',
    amountFen: credit > 0n ? credit : debit,
    counterparty: optional(row, columns.counterparty),
    counterpartyAccount: optional(row, columns.counterpartyAccount),
    remittance: optional(row, columns.remittance),
    balanceFen: balance
  }
}

const signed = ({ side, amountFen }: StatementLine): bigint => (side === 'C' ? amountFen : -amountFen)

/** The header's own columns must be there, or nothing makes sense. */
const checkHeader = (header: readonly string[], { columns }: Csv): string[] => {
  const names = header.map((name) => bare(name))
  const missing = Object.values(columns).filter((name): name is string => name !== undefined && !names.includes(name))
  if (missing.length > 0) throw statementUnreadable({ because: { zh: `缺少列:${missing.join('、')}`, en: `These columns are missing: ${missing.join(', ')}` } })
  return names
}

/** Reads a CSV statement. `sha256`: of the file, which is its number. @throws statement_unreadable (422) while it is read */
export const readCsv = (path: string, sha256: string, csv: Csv): Reading => {
  let oldest: StatementLine | undefined
  let newest: StatementLine | undefined
  const balances = new Map<string, bigint>()

  const note = (line: StatementLine): void => {
    if (line.balanceFen !== undefined && !(csv.newestFirst && balances.has(line.bookedOn))) balances.set(line.bookedOn, line.balanceFen)
    if (csv.newestFirst) newest ??= line
    else oldest ??= line
    if (csv.newestFirst) oldest = line
    else newest = line
  }

  async function * lines (): AsyncGenerator<StatementLine[]> {
    const parser = parse({
      columns: (header: string[]) => checkHeader(header, csv), bom: true, delimiter: csv.delimiter, from_line: csv.skipLines + 1,
      relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true, max_record_size: 100_000
    })
    const rows = Readable.from(textOf(path, csv.encoding)).on('error', (error) => parser.destroy(error)).pipe(parser)
    let batch: StatementLine[] = []
    let number = csv.skipLines + 1
    try {
      for await (const row of rows) {
        const line = lineOf(row as Row, csv, ++number)
        note(line)
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
    if (!newest) throw statementUnreadable({ because: { zh: '文件中没有流水', en: 'There is no line in the file' } })
    yield batch
  }

  const head = (): StatementHead => ({
    reference: `csv:${sha256.slice(0, 32)}`,
    accountNumber: undefined,
    openingFen: oldest?.balanceFen === undefined ? undefined : oldest.balanceFen - signed(oldest),
    closingFen: newest?.balanceFen,
    closingOn: newest?.bookedOn,
    balances
  })

  return { lines: lines(), head }
}
