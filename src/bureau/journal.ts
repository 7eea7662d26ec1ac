import { stringify } from 'csv-stringify/sync'
import { setImmediate as breathe } from 'node:timers/promises'
import { PassThrough, Readable } from 'node:stream'
import { dateOf } from '../kernel/calendar.js'
import { decimal } from '../kernel/money.js'
import type { JournalFormat, JournalLine, QuarterlyReport } from './model.js'

/*
 * The journal in the formats other tools read. Each takes lines as they come and gives bytes as they
 * are read, so that a journal of any length needs the memory of one batch.
 */

type Batches = AsyncIterable<readonly JournalLine[]>

const rowOf = ({ transferId, line, event, reference, contractId, merchantId, personId, account, side, amountFen, balanceAfterFen, occurredAt, bookedAt }: JournalLine) => ({
  transferId, line, event, reference, contractId: contractId ?? '', merchantId: merchantId ?? '', personId: personId ?? '', account,
  side: side === 'D' ? 'debit' : 'credit', amountYuan: decimal(amountFen), balanceAfterYuan: decimal(balanceAfterFen),
  occurredAt: occurredAt.toISOString(), bookedAt: bookedAt.toISOString()
})

const columns = ['transferId', 'line', 'event', 'reference', 'contractId', 'merchantId', 'personId', 'account', 'side', 'amountYuan', 'balanceAfterYuan', 'occurredAt', 'bookedAt'] as const

async function * jsonl (batches: Batches): AsyncGenerator<string> {
  for await (const batch of batches) {
    yield batch.map(({ amountFen, balanceAfterFen, ...line }) =>
      `${JSON.stringify({ ...line, side: line.side === 'D' ? 'debit' : 'credit', amountFen: Number(amountFen), balanceAfterFen: Number(balanceAfterFen) })}\n`).join('')
  }
}

/** With a byte order mark, so that spreadsheets read it as UTF-8; cells that a spreadsheet would run are guarded. */
async function * csv (batches: Batches): AsyncGenerator<string> {
  yield stringify([[...columns]], { bom: true })
  for await (const batch of batches) {
    yield stringify(batch.map(rowOf), { columns: [...columns], escape_formulas: true })
  }
}

/** What a spreadsheet would run, or a program that saves it as CSV would pass on to one that does. */
const guarded = (text: string): string => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text)

const signed = ({ side, amountFen }: JournalLine): bigint => (side === 'D' ? amountFen : -amountFen)

/** One transaction a transfer: debits above zero, so assets are positive and liabilities negative. */
async function * hledger (batches: Batches): AsyncGenerator<string> {
  yield 'commodity CNY 1000.00\n'
  let current: string | undefined
  for await (const batch of batches) {
    let text = ''
    for (const line of batch) {
      if (line.transferId !== current) {
        text += `\n${dateOf(line.bookedAt)} (${line.transferId}) ${line.event} ${line.reference}  ; occurred:${line.occurredAt.toISOString()}, booked:${line.bookedAt.toISOString()}\n`
        current = line.transferId
      }
      text += `    ${line.account}  CNY ${decimal(signed(line))}\n`
    }
    yield text
  }
}

const sheetRowsMax = 1_000_000
const bufferedMax = 4_194_304

/** The library is loaded for the first spreadsheet, not at every start. */
const loadExcel = async () => (await import('exceljs')).default

const fillWorkbook = async (batches: Batches, out: PassThrough): Promise<void> => {
  const ExcelJS = await loadExcel()
  const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({ stream: out, useSharedStrings: false, useStyles: false })
  const newSheet = (number: number) => {
    const sheet = workbook.addWorksheet(`凭证 ${number}`)
    sheet.columns = columns.map((key) => ({ header: key, key, width: 20 }))
    return sheet
  }
  let sheet = newSheet(1)
  let rows = 0
  for await (const batch of batches) {
    for (const line of batch) {
      if (rows > 0 && rows % sheetRowsMax === 0) {
        sheet.commit()
        sheet = newSheet(rows / sheetRowsMax + 1)
      }
      sheet.addRow(rowOf(line)).commit()
      rows += 1
    }
    do await breathe()
    while (out.readableLength > bufferedMax && !out.destroyed)
    if (out.destroyed) return
  }
  sheet.commit()
  await workbook.commit()
}

const xlsx = (batches: Batches): Readable => {
  const out = new PassThrough()
  fillWorkbook(batches, out).catch((error: unknown) => { out.destroy(error instanceof Error ? error : new Error(String(error))) })
  return out
}

export const mediaTypeOf: Readonly<Record<JournalFormat, string>> = {
  jsonl: 'application/jsonl; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  hledger: 'text/plain; charset=utf-8'
}

/** A journal in a format, as a stream of bytes. */
export const journalIn = (format: JournalFormat, batches: Batches): Readable => {
  if (format === 'xlsx') return xlsx(batches)
  return Readable.from({ jsonl, csv, hledger }[format](batches))
}

/** The quarterly report as a spreadsheet, in Chinese, amounts in yuan as exact text. */
export const quarterlySheet = async ({ quarter, from, to, dueOn, lines, totalFen }: QuarterlyReport): Promise<Buffer> => {
  const ExcelJS = await loadExcel()
  const workbook = new ExcelJS.Workbook()
  const sheet = workbook.addWorksheet(`预付费余额 ${quarter}`)
  sheet.addRow([`${from} 至 ${to} 预付费余额季度报告`, `报送期限 ${dueOn}`])
  sheet.addRow(['商户', '类别', '区', '期末余额(元)', '本季收款(元)', '超过余额线', '应保护(元)', '已提存保护(元)'])
  for (const { name, category, district, balanceFen, soldFen, aboveLine, mustBeProtectedFen, protectedFen } of lines) {
    sheet.addRow([guarded(name), category, guarded(district), decimal(balanceFen), decimal(soldFen), aboveLine ? '是' : '否', decimal(mustBeProtectedFen), decimal(protectedFen)])
  }
  sheet.addRow(['合计', '', '', decimal(totalFen)])
  return Buffer.from(await workbook.xlsx.writeBuffer())
}
