import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { yuan } from '../print.js'
import type { Story } from '../story.js'

/** 对账: the bank's statement and the channel's report against the books, a receipt nobody knows, the day closed; and the journal read by another tool. */

const run = promisify(execFile)
const unknownFen = 8_800

const importStatement = async (story: Story, date: string): Promise<any> => {
  const { body: content } = await story.nobody.call('GET', `/sandbox/bank/statement?date=${date}`)
  return story.maker.send('/bank-statements', { type: 'application/xml', content })
}

const meetTheUnknown = async (story: Story, date: string): Promise<any> => {
  await story.nobody.post('/sandbox/bank/receipts', { amountFen: unknownFen, counterparty: '王五', remittance: '转账' })
  return story.tell({
    zh: `导入当日银行对账单(camt.053):有一笔 ${yuan(unknownFen)} 元来款,账上无从对应,列入待查,有责任人。`,
    en: 'The day\'s statement is imported: one receipt matches nothing, and is an item with an owner.'
  }, async () => {
    const { lines, matched, unmatched, differencesFen } = await importStatement(story, date)
    story.check('all lines but one are known, and the balances agree', [lines - matched, unmatched, differencesFen], [1, 1, 0])
    const { items: [item] } = await story.maker.get('/suspense-items')
    story.note(`${lines} 笔流水,${matched} 笔相符 · 待查 ${item.entry.counterparty} ${yuan(item.amountFen)} 元`)
    return item
  })
}

const sendBack = (story: Story, { id }: any): Promise<void> => story.tell({
  zh: '付款人说明系误转。公证员甲提出退回,公证员乙复核,银行退给原付款人本人。',
  en: 'It was a mistake. The maker proposes to send it back, the checker approves, and the bank pays it to who had paid it.'
}, async () => {
  await story.maker.post(`/suspense-items/${id}/resolution`, {
    kind: 'payer', reason: '付款人书面说明误转', account: { bankName: '中国工商银行', accountName: '王五', accountNumber: '6222 0202 0011 2233' }
  })
  await story.maker.refused('same_person', `/suspense-items/${id}/resolution/approve`)
  await story.checker.post(`/suspense-items/${id}/resolution/approve`)
  story.check('the item is resolved', (await story.maker.get(`/suspense-items/${id}`)).status, 'resolved')
})

const readTheChannel = (story: Story, date: string): Promise<void> => story.tell({
  zh: '导入支付渠道当日对账单(CSV),与账上渠道在途逐笔相符。',
  en: 'The channel\'s own report of the day agrees with the clearing account, line by line.'
}, async () => {
  const { body: content } = await story.nobody.call('GET', `/sandbox/channel/report?date=${date}`)
  const report = await story.maker.send(`/channels/sandbox/reports/${date}`, { type: 'text/csv', content })
  story.check('the channel\'s report and the books', [report.differenceFen, report.unmatched], [0, []])
  story.note(`${report.lines} 笔:收款 ${yuan(report.payments.reportFen)} 元,退款 ${yuan(report.refunds.reportFen)} 元,已结算 ${yuan(report.settlements.reportFen)} 元`)
})

/** A day is closed once the transactions that began on it have ended: until then the service says to come again. */
const approveClose = async (story: Story, date: string, triesLeft = 40): Promise<any> => {
  const { status, body } = await story.checker.call('POST', `/reconciliations/${date}/close/approve`)
  if (status !== 503 || triesLeft === 0) return body
  await sleep(100)
  return approveClose(story, date, triesLeft - 1)
}

const closeTheDay = (story: Story, date: string): Promise<void> => story.tell({
  zh: '次日,公证员甲提出关账,公证员乙复核:当日账目从此固定,全部应付款项的默克尔和树根记入存证。',
  en: 'The next day two people close it: its books stand, and the root of all that was owed is in the evidence.'
}, async () => {
  // A day can be closed a little after it is over; an hour more than a day is enough at any time of it.
  await story.pass(90_000)
  await importStatement(story, date)
  await story.maker.post(`/reconciliations/${date}/close`)
  const { bankFen, ledgerBankFen, differenceFen, closing } = await approveClose(story, date)
  story.check('bank = books, and the day is closed', [bankFen, differenceFen, closing?.status], [ledgerBankFen, 0, 'closed'])
  story.note(`银行 ${yuan(bankFen)} 元 = 账面 ${yuan(ledgerBankFen)} 元 · 应付合计 ${yuan(closing.liabilityTotalFen)} 元,树根 ${closing.liabilityRoot.slice(0, 16)}…`)
})

type Balances = ReadonlyMap<string, number>

/** Balances by the first segment of each account, added up from the journal's own text. */
const addUp = (journal: string): Balances => {
  const balances = new Map<string, number>()
  for (const [, account, sign, whole, cents] of journal.matchAll(/^ {4}([a-z_]+):\S+ {2}CNY (-?)(\d+)\.(\d\d)$/gm)) {
    const fen = Number(`${sign}${Number(whole) * 100 + Number(cents)}`)
    balances.set(account as string, (balances.get(account as string) ?? 0) + fen)
  }
  return balances
}

/** The same by hledger; undefined where it is not installed. */
const askHledger = async (journal: string): Promise<Balances | undefined> => {
  const directory = await mkdtemp(join(tmpdir(), 'ticun-demo-'))
  const path = join(directory, 'ticun.journal')
  try {
    await writeFile(path, journal)
    const { stdout } = await run('hledger', ['-f', path, 'balance', '--depth', '1', '--no-total', '--output-format', 'csv'])
    return new Map([...stdout.matchAll(/^"([a-z_]+)","([^"]*)"/gm)].filter(([, account]) => account !== 'account')
      .map(([, account, amount = '']) => [account as string, Math.round(Number(amount.replace(/CNY ?/, '')) * 100)]))
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const withoutZeros = (balances: Iterable<readonly [string, number]>): [string, number][] =>
  [...balances].filter(([, fen]) => fen !== 0).map(([account, fen]): [string, number] => [account, fen]).sort(([a], [b]) => a.localeCompare(b))

const recompute = (story: Story): Promise<void> => story.tell({
  zh: '导出全部凭证(hledger 格式),换一种工具重算各科目余额,与试算平衡表一分不差。',
  en: 'The whole journal is exported for hledger, and its balances, computed by another tool, are the trial balance.'
}, async () => {
  const [{ body: journal }, { accounts }] = await Promise.all([story.maker.call('GET', '/audit/journal?format=hledger'), story.maker.get('/audit/trial-balance')])
  const wanted = withoutZeros(accounts.map(({ account, kind, balanceFen }: any) => [account, kind === 'asset' ? balanceFen : -balanceFen]))
  const byHledger = await askHledger(journal)
  story.check('the export\'s balances are the trial balance', withoutZeros(addUp(journal)), wanted)
  if (byHledger) story.check('and by hledger\'s own reckoning', withoutZeros(byHledger), wanted)
  story.note(byHledger ? `hledger balance --depth 1:${wanted.length} 个科目全部相符` : `${wanted.length} 个科目全部相符(本机未安装 hledger,由本程序按导出文件重算)`)
})

export const reconcile = async (story: Story): Promise<void> => {
  await story.chapter({ zh: '对账', en: 'The bank\'s word' })
  const date = await story.today()
  await sendBack(story, await meetTheUnknown(story, date))
  await readTheChannel(story, date)
  await closeTheDay(story, date)
  await recompute(story)
}
