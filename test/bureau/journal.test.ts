import ExcelJS from 'exceljs'
import { parse } from 'csv-parse/sync'
import t from 'tap'
import { startApp } from '../support/app.js'
import { bureau } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { moveAtBank, send, statementOfToday, today } from '../bank/support.js'
import { earn, newEarner, notariesOf, settle } from '../settlement/support.js'
import { advance } from '../support/clock.js'

t.test('the books as others read them', async (t) => {
  const app = await startApp(t)
  const { first } = await notariesOf(app)
  const inspector = await bureau(app)
  const get = async (path: string, who = inspector): Promise<any> => expectStatus(await who.get(path), 200).body
  const now = async (): Promise<string> => (await app.nobody.get('/sandbox/clock')).body.now
  const earner = await newEarner(app, 3)
  const day = await today(app)
  const early = await now()
  await advance(app, 60)
  await settle(app, earner)
  await moveAtBank(app, { side: 'CRDT', amountFen: 5_000n })
  const xml = await statementOfToday(app)
  const bytes = async (path: string, who = inspector): Promise<Buffer> => {
    expectStatus(await who.get('/me'), 200)
    const response = await app.app.inject({ method: 'GET', url: `/v1${path}`, headers: { authorization: `Bearer ${who.token ?? ''}` } })
    t.equal(response.statusCode, 200)
    return response.rawPayload
  }

  t.test('JSON lines: every entry once, in order; the bureau\'s without people', async (t) => {
    const lines = (text: any): any[] => String(text).trim().split('\n').map((line) => JSON.parse(line))
    const [theirs, ours] = [lines(await bytes('/audit/journal')), lines(await bytes('/audit/journal', first))]
    t.same(theirs.map(({ transferId, line }) => [transferId, line]), ours.map(({ transferId, line }) => [transferId, line]))
    t.ok(ours.some(({ personId }) => personId !== null))
    t.ok(theirs.every(({ personId, account }) => personId === null && (!account.startsWith('bank:') || account.startsWith('bank:****'))))
    for (const side of ['debit', 'credit']) t.equal(ours.filter((line) => line.side === side).reduce((sum, { amountFen }) => sum + amountFen, 0), ours.reduce((sum, { amountFen }) => sum + amountFen, 0) / 2)
    t.ok(lines(await bytes(`/audit/journal?to=${early}`)).length < ours.length)
    t.same(lines(await bytes(`/audit/journal?from=${day}&to=${day}`, first)), ours)
    t.equal(String(await bytes('/audit/journal?from=2999-01-01')), '')
  })

  t.test('CSV and XLSX hold the same', async (t) => {
    const rows: any[] = parse(await bytes('/audit/journal?format=csv'), { bom: true, columns: true })
    const workbook = new ExcelJS.Workbook()
    await workbook.xlsx.load(await bytes('/audit/journal?format=xlsx') as never)
    const sheet = workbook.worksheets[0]
    t.equal((sheet?.rowCount ?? 0) - 1, rows.length)
    t.same((sheet?.getRow(2).values as unknown[]).slice(1).map(String), Object.values(rows[0]).map((value) => (String(value) === '' ? 'undefined' : String(value))).map((value) => value))
    t.match(rows[0], { event: 'payment-received', side: /debit|credit/, amountYuan: '1000.00' })
  })

  t.test('by booking and by event, at a past moment, each added up twice', async (t) => {
    const balanceOf = (trial: any, account: string): number => trial.accounts.find((line: any) => line.account === account).balanceFen
    await advance(app, 86_400)
    expectStatus(await first.get('/me'), 200)
    expectStatus(await send(app, first, xml), 201)
    const endOfDay = `${day}T15:59:59.999Z`
    const [booked, happened] = [await get(`/audit/trial-balance?at=${endOfDay}`), await get(`/audit/trial-balance?at=${endOfDay}&by=event`)]
    t.same([balanceOf(booked, 'suspense'), balanceOf(happened, 'suspense')], [0, 5_000], 'booked later, happened then')
    await earn(app, earner, 2)
    for (const query of ['', `at=${early}`, `at=${early}&by=event`, `at=${endOfDay}`, `at=${endOfDay}&by=event`]) {
      const [overview, trial] = [await get(`/audit/overview?${query}`), await get(`/audit/trial-balance?${query}`)]
      for (const { agree, fromBalances } of [overview, trial]) {
        t.equal(agree, true, query)
        t.equal(fromBalances.assetsFen, fromBalances.liabilitiesFen)
      }
      const [line] = (await get(`/audit/merchants?${query}`)).items.filter(({ merchantId }: any) => merchantId === earner.merchantId)
      t.equal(line.paidFen, line.heldFen + line.disputedFen + line.pendingFen + line.releasedFen + line.refundedFen, query)
      t.equal(line.releasedFen, line.payableFen + line.inTransitFen + line.paidOutFen + line.feeFen + line.unclaimedFen, query)
      t.equal(overview.heldFen, line.heldFen)
    }
    t.match(await get(`/audit/overview?at=${early}`), { heldFen: 70_000, payableFen: 30_000, paidOutFen: 0, contracts: 1, openContracts: 1 })
    t.match(await get(`/audit/overview?at=${endOfDay}`), { heldFen: 70_000, payableFen: 0, paidOutFen: 29_940, feeFen: 60 })
  })

  t.test('the quarterly report, as data and as a spreadsheet', async (t) => {
    await advance(app, 92 * 86_400)
    const quarter = `${day.slice(0, 4)}Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`
    const report = await get(`/audit/quarterly-balances?quarter=${quarter}`)
    t.match(report, { quarter, agree: true, lineFen: 20_000_000, dueOn: /-25$/ })
    t.match(report.lines.find(({ merchantId }: any) => merchantId === earner.merchantId), { balanceFen: 50_000, soldFen: 100_000, aboveLine: false, mustBeProtectedFen: 0, protectedFen: 50_000 })
    t.equal(report.totalFen, report.ledgerFen)
    const workbook = new ExcelJS.Workbook()
    await workbook.xlsx.load(await bytes(`/audit/quarterly-balances.xlsx?quarter=${quarter}`) as never)
    t.equal(workbook.worksheets[0]?.rowCount, report.lines.length + 3)
    t.match(await inspector.get('/audit/quarterly-balances?quarter=2026Q5'), { status: 422 })
  })

  t.test('who may not, may not', async (t) => {
    for (const path of ['/audit/journal', '/audit/quarterly-balances?quarter=2026Q1']) {
      t.match(await earner.owner.get(path), { status: 403 })
      t.match(await app.nobody.get(path), { status: 401 })
    }
    t.match(await inspector.get('/audit/journal?format=pdf'), { status: 422 })
  })
})
