import type { StatementHead, StatementLine, StatementSetting } from './model.js'
import { statementUnreadable } from './problems.js'
import { bareCell, dateIn, fenOf, linesOfCsv, refuseLine, type CsvRow, type Reading } from './reading.js'

/*
 * A statement as a bank's web page exports it: which column is what, and in which encoding, is the
 * office's setting.
 */

const cellMax = 1_000
const bare = (cell: string | undefined): string => bareCell(cell, cellMax)

type Csv = StatementSetting['csv']

const optional = (row: CsvRow, column: string | undefined): string => (column === undefined ? '' : bare(row[column]))

const blank = new Set(['', '-', '--', '0', '0.0', '0.00'])

const amountIn = (row: CsvRow, column: string): bigint | undefined => {
  const cell = bare(row[column])
  return blank.has(cell) ? 0n : fenOf(cell)
}

const lineOf = (row: CsvRow, { columns }: Csv, number: number): StatementLine => {
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
    const columns = Object.values(csv.columns).filter((name): name is string => name !== undefined)
    for await (const batch of linesOfCsv(path, csv, { columns, nameMax: cellMax, lineOf: (row, number) => lineOf(row, csv, number) })) {
      for (const line of batch) note(line)
      if (!newest) throw statementUnreadable({ because: { zh: '文件中没有流水', en: 'There is no line in the file' } })
      yield batch
    }
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
