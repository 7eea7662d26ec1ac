import { Departure, type Api } from './client.js'

/*
 * The books as the notary reads them, by account: the office's from the trial balance, a contract's
 * and a merchant's from themselves. Each reading is checked before it is believed.
 */

export type Balance = Readonly<{ account: string; of: string; fen: number }>
export type Reading = ReadonlyMap<string, Balance>

const officeAccounts: Readonly<Record<string, string>> = {
  bank: '提存专户 bank',
  clearing: '渠道在途 clearing',
  due_from_office: '公证处应补 due from office',
  unexplained_debit: '待查支出 unexplained debit',
  suspense: '待查收入 suspense',
  refund_payable: '应退款 refund payable',
  refund_in_transit: '退款在途 refund in transit',
  interest: '利息 interest',
  interest_payable: '应付利息 interest payable',
  unclaimed: '无人领取 unclaimed'
}

const contractAccounts = { heldFen: '提存 held', disputedFen: '争议冻结 disputed', pendingFen: '待释放 pending' } as const

const merchantAccounts = {
  payableFen: '应付 payable', inTransitFen: '出款在途 in transit', paidOutFen: '累计出款 paid out', feeFen: '手续费 fee', claimsFen: '对商户的债权 claims'
} as const

const total = (fens: readonly number[]): number => fens.reduce((sum, fen) => sum + fen, 0)

/** @throws Departure unless both are the same to the fen */
const agree = (what: string, one: number, other: number): void => {
  if (one !== other) throw new Departure(`${what}: ${one} fen is not ${other} fen`)
}

const checkContract = ({ id, money: { paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen } }: any): void =>
  agree(`paid = held + disputed + pending + released + refunded of ${id}`, paidFen, heldFen + disputedFen + pendingFen + releasedFen + refundedFen)

const checkMerchant = ({ releasedFen, payableFen, inTransitFen, paidOutFen, feeFen, unclaimedFen }: any): void =>
  agree('a merchant\'s released = payable + in transit + paid out + fee + unclaimed', releasedFen, payableFen + inTransitFen + paidOutFen + feeFen + unclaimedFen)

type Books = Readonly<{ trialBalance: any; contracts: readonly any[]; merchants: readonly Readonly<{ name: string; balances: any }>[] }>

const checkTogether = ({ trialBalance, contracts, merchants }: Books): void => {
  agree('the trial balance\'s debits and credits', trialBalance.debitFen, trialBalance.creditFen)
  for (const { account, balanceFen } of trialBalance.accounts) {
    if (`${account}Fen` in contractAccounts) agree(`all contracts' ${account}`, total(contracts.map(({ money }) => money[`${account}Fen`])), balanceFen)
  }
  const payable = trialBalance.accounts.find(({ account }: { account: string }) => account === 'payable')?.balanceFen ?? 0
  agree('all merchants\' payable', total(merchants.map(({ balances }) => balances.payableFen)), payable)
  for (const contract of contracts) checkContract(contract)
  for (const { balances } of merchants) checkMerchant(balances)
}

const balancesOf = ({ trialBalance, contracts, merchants }: Books, nameOf: (contractId: string) => string): Balance[] => [
  ...trialBalance.accounts
    .filter(({ account }: { account: string }) => account in officeAccounts)
    .map(({ account, balanceFen }: { account: string; balanceFen: number }) => ({ account: officeAccounts[account] as string, of: '公证处', fen: balanceFen })),
  ...contracts.flatMap(({ id, money }) => Object.entries(contractAccounts).map(([field, account]) => ({ account, of: nameOf(id), fen: money[field] }))),
  ...merchants.flatMap(({ name, balances }) => Object.entries(merchantAccounts).map(([field, account]) => ({ account, of: name, fen: balances[field] })))
]

/** Every page of a list. */
const all = async (api: Api, path: string): Promise<any[]> => {
  const items: any[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: any = await api.get(`${path}?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}

/** Reads all the books there are, and checks that they agree with each other. */
export const readBooks = async (notary: Api, nameOf: (contractId: string) => string): Promise<Reading> => {
  const [trialBalance, contracts, known] = await Promise.all([notary.get('/audit/trial-balance'), all(notary, '/contracts'), all(notary, '/merchants')])
  const merchants = await Promise.all(known.map(async ({ id, name }) => ({ name, balances: await notary.get(`/merchants/${id}/balances`) })))
  const books = { trialBalance, contracts, merchants }
  checkTogether(books)
  return new Map(balancesOf(books, nameOf).map((balance) => [`${balance.account}|${balance.of}`, balance]))
}

export type Moved = Balance & Readonly<{ before: number }>

/** The accounts that an event has touched. */
export const movedBetween = (before: Reading, after: Reading): Moved[] =>
  [...after].map(([key, balance]) => ({ ...balance, before: before.get(key)?.fen ?? 0 })).filter(({ before, fen }) => before !== fen)
