import { change, left, right, say, table, yuan } from '../print.js'
import type { Pool, Sold } from '../model.js'
import type { Story } from '../story.js'

/** 账: what the notary and the bureau read at the end. */

const eventNames: Readonly<Record<string, string>> = {
  'payment-received': '付款提存 deposited', 'units-released': '核销 redeemed', 'release-voided': '撤销 voided', 'window-closed': '异议期满 window over',
  'refund-approved': '退费审批 refund approved', 'refund-sent': '退款发出 refund sent', 'refund-confirmed': '退款到账 refund paid'
}

const showStatement = async (story: Story, { swims: { consumer, contractId } }: Sold): Promise<void> => {
  const { items } = await consumer.get(`/contracts/${contractId}/statement`)
  say('  李婷的对账单 · her statement, one line a transfer')
  const rows = [...new Set(items.map(({ transferId }: any) => transferId))].map((transferId) => {
    const lines = items.filter((line: any) => line.transferId === transferId)
    const moved = (account: string): string => lines.filter((line: any) => line.account.startsWith(`${account}:`))
      .map(({ side, amountFen }: any) => change(side === 'credit' ? amountFen : -amountFen)).join()
    return [eventNames[lines[0].event] ?? lines[0].event, moved('held'), moved('pending'), yuan(lines.at(-1).heldAfterFen)]
  })
  for (const line of table([['', '提存 held', '待释放 pending', '提存余额'], ...rows], [left(24), right(), right(), right()])) say(`      ${line}`)
  const { money } = await consumer.get(`/contracts/${contractId}`)
  story.check('the statement ends with what is held', items.at(-1)?.heldAfterFen, money.heldFen)
}

const showMerchant = async (story: Story, { owner, id, name }: Pool): Promise<void> => {
  const { heldFen, pendingFen, releasedFen, payableFen, inTransitFen, paidOutFen, feeFen, refundedFen } = await owner.get(`/merchants/${id}/balances`)
  say(`  ${name}的款项 · the pool's money`)
  for (const line of table([
    ['提存 held', yuan(heldFen), '待释放 pending', yuan(pendingFen), '已退消费者 refunded', yuan(refundedFen)],
    ['已释放 released', yuan(releasedFen), '= 应付 payable', yuan(payableFen), '+ 出款在途 in transit', yuan(inTransitFen)],
    ['', '', '+ 累计出款 paid out', yuan(paidOutFen), '+ 手续费 fee', yuan(feeFen)]
  ], [left(), right(), left(), right(), left(), right()])) say(`      ${line}`)
  story.check('released = payable + in transit + paid out + fee', releasedFen, payableFen + inTransitFen + paidOutFen + feeFen)
}

const showTrialBalance = async (story: Story): Promise<void> => {
  const bureau = await story.enter('监管人员', { phone: '13800000004', end: 'bureau' })
  const { accounts, debitFen, creditFen } = await bureau.get('/audit/trial-balance')
  say('  试算平衡表(监管端只读)· the trial balance, as the bureau reads it')
  const rows = accounts.filter(({ balanceFen }: { balanceFen: number }) => balanceFen !== 0)
    .map(({ account, kind, balanceFen }: any) => (kind === 'asset' ? [account, yuan(balanceFen), ''] : [account, '', yuan(balanceFen)]))
  for (const line of table([['', '借 debit', '贷 credit'], ...rows, ['合计 total', yuan(debitFen), yuan(creditFen)]], [left(), right(), right()])) say(`      ${line}`)
  story.check('debits equal credits', debitFen, creditFen)
  story.check('and so do the sums of every entry ever made', (await bureau.get('/audit/overview')).agree, true)
}

const showInvariants = async (story: Story): Promise<void> => {
  const { ok, checks } = await story.nobody.get('/sandbox/invariants')
  say('  账目不变量 · the invariants, over every row of the database')
  for (const line of table(checks.map(({ name, says, ok: holds }: any) => [holds ? '✓' : '✗', name, says]), [left(), left(), left()])) say(`      ${line}`)
  story.check('every invariant holds', [ok, checks.filter((one: any) => !one.ok).length], [true, 0])
}

export const closeTheBooks = async (story: Story, pool: Pool, sold: Sold): Promise<void> => {
  await story.chapter({ zh: '账', en: 'The books' })
  await showStatement(story, sold)
  await showMerchant(story, pool)
  await showTrialBalance(story)
  await showInvariants(story)
}
