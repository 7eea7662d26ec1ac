/*
 * A small model of the trade, beside the real one: what was acknowledged, and the formulas of the
 * accounting rules written down a second time. It imports nothing of what it checks.
 *
 *   S(k) = floor(P·k/n)     U = max{k ≤ n : S(k) ≤ P − X}     left = max(0, U − u)
 *   a use of s units releases max(0, S(u + s) − alloc);       always: alloc + X + held = P
 */

const day = 86_400_000
const hour = 3_600_000

export type Kind = 'sessions' | 'stored_value' | 'period'

export type Offer = Readonly<{
  kind: Kind
  price: bigint
  /** sessions, face value in fen, or days; with gifts */
  units: bigint
  /** of them gifts */
  bonus: number
  release: 'per_session' | 'per_day' | 'per_month'
  objectionHours: number
  validDays: number
}>

export type Release = {
  /** unknown for a release by time until somebody asks for it */
  id: string | undefined
  kind: 'check_in' | 'time' | 'closing'
  state: 'pending' | 'objected' | 'disputed' | 'payable' | 'voided' | 'recorded'
  units: bigint
  amount: bigint
  date: string
  dueAt: number
  windowLeft: number
  answerBy: number
  item: string | undefined
}

export type Refund = { id: string; status: string; createdAt: number; division: Division }

export type Contract = {
  id: string
  offer: Offer
  status: string
  frozen: string | null
  u: bigint
  alloc: bigint
  /** X: taken out of held other than by units */
  taken: bigint
  held: bigint
  disputed: bigint
  pending: bigint
  released: bigint
  refunded: bigint
  paid: bigint
  hasDispute: boolean
  /** frozen out of held by a refund, in no dispute */
  untaken: bigint
  /** a dispute that nobody takes up lapses, and its money returns: after 7, 30 and 90 days */
  unfreezeAt: number | undefined
  releases: Release[]
  refunds: Refund[]
  awaitedUntil: number
  paidAt: number
  coolingOffUntil: number
  expiresAt: number
  nextLook: number | undefined
  termStart: string | undefined
  nextRelease: string | undefined
  lastVisit: string | undefined
  settleAt: number | undefined
  /** when what nobody can use any more goes back */
  remainderAt: number | undefined
}

export type Item = { id: string; gross: bigint; fee: bigint; status: 'draft' | 'cancelled' | 'submitted' | 'paid' | 'returned'; cameBack: boolean; approvedAt: number; nextAsk: number }

export type Settlement = { id: string; item: Item }

export type Shop = { contracts: Contract[]; settlements: Settlement[]; bank: 'paid' | 'returned' | 'unknown' }

/** Everything of one shop; the world is a list of these. */
export const newShop = (): Shop => ({ contracts: [], settlements: [], bank: 'paid' })

// ---- dates of Asia/Shanghai, UTC+8 all year

export const dateOf = (at: number): string => new Date(at + 8 * hour).toISOString().slice(0, 10)
const startOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) - 8 * hour
const addDays = (date: string, days: number): string => new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10)
const daysBetween = (from: string, to: string): number => Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / day)

const addMonths = (date: string, months: number): string => {
  const [y, m, d] = date.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(y, m + months, 0)).getUTCDate()
  return new Date(Date.UTC(y, m - 1 + months, Math.min(d, last))).toISOString().slice(0, 10)
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

// ---- units and money

export const sum = <Of>(items: Iterable<Of>, amount: (item: Of) => bigint): bigint => {
  let total = 0n
  for (const item of items) total += amount(item)
  return total
}

const earned = ({ offer: { price, units } }: Contract, k: bigint): bigint => (price * k) / units

const capacity = (contract: Contract): bigint => {
  let [low, high] = [0n, contract.offer.units]
  while (low < high) {
    const k = (low + high + 1n) / 2n
    if (earned(contract, k) <= contract.offer.price - contract.taken) low = k
    else high = k - 1n
  }
  return low
}

export const leftOf = (contract: Contract): bigint =>
  contract.status === 'terminated' || contract.status === 'cancelled' ? 0n : max(0n, capacity(contract) - contract.u)

export const objectedOf = ({ releases }: Contract): bigint => sum(releases.filter(({ state }) => state === 'objected'), ({ amount }) => amount)

const completeIfUsedUp = (contract: Contract): void => {
  if (contract.status === 'active' && leftOf(contract) === 0n && contract.disputed === 0n) contract.status = 'completed'
}

const use = (contract: Contract, units: bigint): bigint => {
  const amount = max(0n, earned(contract, contract.u + units) - contract.alloc)
  contract.u += units
  contract.alloc += amount
  contract.held -= amount
  contract.pending += amount
  completeIfUsedUp(contract)
  return amount
}

/** A contract as the wire shows it. */
export const viewOf = (contract: Contract) => ({
  status: contract.status,
  frozen: contract.frozen,
  sessions: {
    total: Number(contract.offer.units), used: Number(contract.u), left: Number(leftOf(contract)),
    blocked: Number(contract.offer.units - capacity(contract))
  },
  money: {
    paidFen: Number(contract.paid), heldFen: Number(contract.held), disputedFen: Number(contract.disputed), pendingFen: Number(contract.pending),
    releasedFen: Number(contract.released), refundedFen: Number(contract.refunded), refundPayableFen: 0, refundPaidFen: Number(contract.refunded),
    objectedFen: Number(objectedOf(contract))
  },
  hasDispute: contract.hasDispute
})

/** What breaks the identities of a contract, if anything does. */
export const brokenIdentity = (contract: Contract): string | undefined => {
  const { paid, held, disputed, pending, released, refunded, alloc, taken, offer, status } = contract
  if (paid !== held + disputed + pending + released + refunded) return 'paid adds up'
  if ([held, disputed, pending, released, refunded].some((amount) => amount < 0n)) return 'below zero'
  if (paid > 0n && alloc + taken + held !== offer.price) return 'alloc + X + held = P'
  if (alloc !== sum(contract.releases.filter(({ state }) => state !== 'voided'), ({ amount }) => amount)) return 'alloc is what stands released'
  if (status === 'terminated' && held !== 0n) return 'nothing is held once terminated'
  return undefined
}

// ---- making and paying

export const newContract = (id: string, offer: Offer, signedAt: number): Contract => ({
  id, offer, status: 'awaiting_payment', frozen: null, u: 0n, alloc: 0n, taken: 0n, held: 0n, disputed: 0n, pending: 0n, released: 0n, refunded: 0n,
  paid: 0n, hasDispute: false, untaken: 0n, unfreezeAt: undefined, releases: [], refunds: [], awaitedUntil: signedAt + day, paidAt: 0, coolingOffUntil: 0, expiresAt: 0,
  nextLook: undefined, termStart: undefined, nextRelease: undefined, lastVisit: undefined, settleAt: undefined, remainderAt: undefined
})

const nextReleaseAfter = (contract: Contract, today: string): string | undefined => {
  const { termStart, offer } = contract
  if (termStart === undefined) return undefined
  const end = addDays(termStart, Number(offer.units))
  if (today >= end || offer.release === 'per_day') return addDays(today, 1)
  let months = 1
  while (addMonths(termStart, months) <= today) months += 1
  return addMonths(termStart, months) < end ? addMonths(termStart, months) : end
}

export const deposit = (contract: Contract, paidAt: number): void => {
  const { price, kind, units, validDays } = contract.offer
  contract.status = 'active'
  contract.paid = price
  contract.held = price
  contract.paidAt = paidAt
  contract.coolingOffUntil = paidAt + 7 * day
  if (kind === 'period') {
    contract.termStart = dateOf(paidAt)
    contract.expiresAt = startOf(addDays(contract.termStart, Number(units)))
    contract.nextRelease = nextReleaseAfter(contract, contract.termStart)
  } else {
    contract.expiresAt = paidAt + validDays * day
    contract.nextLook = contract.expiresAt
  }
}

/** The notary refuses a deposit: the whole goes back. */
export const refuseDeposit = (contract: Contract, now: number): string | undefined => {
  if (contract.status !== 'active' || contract.frozen !== null) return 'wrong_state'
  if (now > contract.paidAt + 3 * day) return 'refusal_too_late'
  if (contract.held !== contract.paid || contract.u !== 0n) return 'deposit_in_use'
  for (const refund of contract.refunds) if (refund.status === 'awaiting_approval') refund.status = 'rejected'
  contract.taken += contract.held
  contract.refunded += contract.held
  contract.held = 0n
  contract.frozen = 'deposit_refused'
  contract.status = 'terminated'
  return undefined
}

/** A card that has expired is good again for the time it was sold with. */
export const reactivate = (contract: Contract, now: number): string | undefined => {
  if (contract.status !== 'expired') return 'wrong_state'
  contract.status = 'active'
  contract.expiresAt = now + contract.offer.validDays * day
  contract.nextLook = contract.expiresAt
  return undefined
}

// ---- at the door

/** Why nothing can be redeemed of a contract now, as the wire's code. */
export const unusable = (contract: Contract, now: number): string | undefined => {
  if (contract.status === 'completed') return 'no_sessions_left'
  if (contract.status !== 'active') return 'wrong_state'
  if (contract.frozen !== null) return 'contract_frozen'
  return now >= contract.expiresAt ? 'wrong_state' : undefined
}

export const redeem = (contract: Contract, units: bigint, now: number): { refused: string } | { amount: bigint; release: Release } => {
  const refused = unusable(contract, now) ?? (units > leftOf(contract) ? 'no_sessions_left' : undefined)
  if (refused) return { refused }
  const isTerm = contract.offer.kind === 'period'
  const amount = isTerm ? 0n : use(contract, units)
  if (isTerm && (contract.lastVisit === undefined || dateOf(now) > contract.lastVisit)) contract.lastVisit = dateOf(now)
  const release: Release = {
    id: undefined, kind: 'check_in', state: isTerm ? 'recorded' : 'pending', units: isTerm ? 0n : units, amount, date: dateOf(now),
    dueAt: now + contract.offer.objectionHours * hour, windowLeft: 0, answerBy: 0, item: undefined
  }
  contract.releases.push(release)
  return { amount, release }
}

const isBeyondHeld = ({ status, frozen }: Contract): boolean => status === 'terminated' || frozen === 'refund' || frozen === 'deposit_refused'

const askToSettle = (contract: Contract, now: number): void => {
  if (isBeyondHeld(contract) && contract.disputed > 0n && !contract.hasDispute) contract.settleAt = now
}

export const voidRelease = (contract: Contract, release: Release, now: number): string | undefined => {
  if (release.state !== 'pending' && release.state !== 'objected') return 'wrong_state'
  release.state = 'voided'
  contract.u -= release.units
  contract.alloc -= release.amount
  contract.pending -= release.amount
  if (isBeyondHeld(contract)) {
    contract.taken += release.amount
    contract.refunded += release.amount
    askToSettle(contract, now)
  } else {
    contract.held += release.amount
    // A day that was taken back is past; it is not used again, nor does it bring a term back to life.
    if (contract.status === 'completed' && leftOf(contract) > 0n && release.kind !== 'time') contract.status = 'active'
    if (contract.status === 'completed' && contract.held > 0n) contract.remainderAt = now
  }
  return undefined
}

export const object = (release: Release, now: number): string | undefined => {
  if (release.state !== 'pending' || now >= release.dueAt) return 'wrong_state'
  release.state = 'objected'
  release.windowLeft = release.dueAt - now
  release.answerBy = now + 7 * day
  return undefined
}

export const withdraw = (contract: Contract, release: Release, now: number): string | undefined => {
  if (release.state !== 'objected') return 'wrong_state'
  release.state = 'pending'
  release.dueAt = now + release.windowLeft
  askToSettle(contract, now)
  return undefined
}

// ---- a cooling-off refund

export type Division = Readonly<{ held: bigint; refund: bigint; merchant: bigint; contested: bigint; shortfall: bigint }>

const halfUp = (numerator: bigint, denominator: bigint): bigint => (2n * numerator + denominator) / (2n * denominator)

/** R1: the price; what was delivered is deducted at the contract's price. */
const owedAfter = ({ offer: { price, units, kind }, lastVisit }: Contract, used: bigint): bigint =>
  kind === 'period' && lastVisit === undefined ? price : halfUp(price * (units - used), units)

const takeable = ({ releases }: Contract): Release[] =>
  releases.filter(({ kind, state, item }) => kind === 'time' && item === undefined && (state === 'pending' || state === 'payable')).reverse()

/** Takes back days beyond those a term keeps, newest first. */
const takeBack = (contract: Contract, keep: bigint): void => {
  for (const release of takeable(contract)) {
    if (contract.u <= keep) return
    const units = min(release.units, contract.u - keep)
    const amount = units === release.units ? release.amount : min(release.amount, max(0n, contract.alloc - earned(contract, contract.u - units)))
    contract.u -= units
    contract.alloc -= amount
    contract.held += amount
    if (release.state === 'pending') contract.pending -= amount
    else contract.released -= amount
    if (units === release.units) release.state = 'voided'
    else Object.assign(release, { units: release.units - units, amount: release.amount - amount })
  }
}

type Assessment = Readonly<{ division: Division; owed: bigint; atStake: bigint }>

/** Days of a term that were taken back, before a date: they do not count. */
const excused = ({ releases }: Contract, before: string): bigint => sum(
  releases.filter(({ kind, state }) => kind === 'time' && state === 'voided'),
  ({ units, date }) => max(0n, min(units, units - BigInt(daysBetween(before, addDays(date, 1)))))
)

/** Divides what is held as if the contract ended at an instant; takes the days back that a term does not keep. */
const assess = (contract: Contract, endsAt: number): Assessment => {
  let used = contract.u
  if (contract.offer.kind === 'period') {
    const afterVisit = contract.lastVisit === undefined ? dateOf(endsAt) : addDays(contract.lastVisit, 1)
    const end = afterVisit > dateOf(endsAt) ? afterVisit : dateOf(endsAt)
    const passed = max(0n, min(contract.offer.units, BigInt(daysBetween(contract.termStart as string, end))) - excused(contract, end))
    takeBack(contract, contract.lastVisit === undefined ? 0n : passed)
    used = max(contract.u, passed)
  }
  const rows = contract.releases.filter(({ state }) => state === 'objected' || state === 'disputed')
  const [units, amount] = [sum(rows, (row) => row.units), sum(rows, (row) => row.amount)]
  const owed = owedAfter(contract, used)
  const counted = contract.refunded + max(0n, contract.disputed - (amount - objectedOf(contract)))
  const held = contract.held
  const refund = max(0n, min(held, owed - counted))
  const atStake = max(0n, owedAfter(contract, max(0n, used - units)) - owed - amount)
  const contested = min(atStake, held - refund)
  return { owed, atStake, division: { held, refund, contested, merchant: held - refund - contested, shortfall: max(0n, owed - counted - held) } }
}

/** What would be, without doing it. */
export const wouldDivide = (contract: Contract, endsAt: number): Division => assess(structuredClone(contract), endsAt).division

export const isSame = (a: Division, b: Division): boolean =>
  a.held === b.held && a.refund === b.refund && a.merchant === b.merchant && a.contested === b.contested && a.shortfall === b.shortfall

/** Why a cooling-off refund is not quoted. */
export const unquotable = (contract: Contract, now: number): string | undefined => {
  if ((contract.status !== 'active' && contract.status !== 'expired') || contract.frozen !== null) return 'wrong_state'
  return now > contract.coolingOffUntil ? 'cooling_off_over' : undefined
}

export const requestRefund = (contract: Contract, now: number): string | undefined => {
  const open = contract.refunds.find(({ status }) => status === 'awaiting_approval')
  if (open) {
    if (isSame(open.division, wouldDivide(contract, open.createdAt))) return 'wrong_state'
    open.status = 'rejected'
  }
  contract.refunds.push({ id: '', status: 'awaiting_approval', createdAt: now, division: wouldDivide(contract, now) })
  return undefined
}

const payTheMerchant = (contract: Contract, amount: bigint, now: number): void => {
  if (amount === 0n) return
  contract.alloc += amount
  contract.released += amount
  contract.releases.push({
    id: undefined, kind: 'closing', state: 'payable', units: 0n, amount, date: dateOf(now), dueAt: now, windowLeft: 0, answerBy: 0, item: undefined
  })
}

export const approveRefund = (contract: Contract, refund: Refund, now: number): string | undefined => {
  if (refund.status !== 'awaiting_approval') return 'wrong_state'
  if (!isSame(refund.division, wouldDivide(contract, refund.createdAt))) return 'quote_stale'
  const { division } = assess(contract, refund.createdAt)
  contract.held = 0n
  contract.taken += division.refund + division.contested
  contract.refunded += division.refund
  contract.disputed += division.contested
  contract.untaken += division.contested
  contract.frozen = 'refund'
  payTheMerchant(contract, division.merchant, now)
  contract.status = 'terminated'
  refund.status = 'paid'
  return undefined
}

/** What a refund left frozen, once a release it hangs on is no longer contested. */
const settleFrozen = (contract: Contract, now: number): void => {
  const closing = contract.refunds.find(({ status }) => status === 'paid')
  if (contract.untaken === 0n || !closing) return
  const { owed, atStake } = assess(structuredClone(contract), closing.createdAt)
  const still = min(contract.untaken, atStake)
  if (still === contract.untaken) return
  const free = contract.untaken - still
  const refund = max(0n, min(free, owed - contract.refunded))
  contract.disputed -= free
  contract.untaken = still
  contract.refunded += refund
  contract.taken -= free - refund
  payTheMerchant(contract, free - refund, now)
}

// ---- settlement

export const reservable = ({ contracts }: Shop): Release[] =>
  contracts.flatMap(({ releases }) => releases).filter(({ state, item }) => state === 'payable' && item === undefined)

export const release = ({ contracts }: Shop, itemId: string): void => {
  for (const { releases } of contracts) for (const row of releases) if (row.item === itemId) row.item = undefined
}

/** The bank answers a payout as it was told to. */
export const answer = (shop: Shop, item: Item): void => {
  item.status = shop.bank === 'unknown' ? 'submitted' : shop.bank
  if (item.status === 'returned') release(shop, item.id)
}

const minute = 60_000

const askAgain = (shop: Shop, item: Item): void => {
  const at = item.nextAsk
  answer(shop, item)
  item.nextAsk = at + Math.min(6 * hour, Math.max(minute, at - item.approvedAt))
}

export const balancesOf = ({ contracts, settlements }: Shop) => {
  const items = settlements.map(({ item }) => item)
  const approved = new Set(items.filter(({ status }) => status === 'submitted' || status === 'paid').map(({ id }) => id))
  const rows = contracts.flatMap(({ releases }) => releases).filter(({ state, item }) => state === 'payable' && !(item !== undefined && approved.has(item)))
  const paid = items.filter(({ status }) => status === 'paid')
  return {
    heldFen: Number(sum(contracts, ({ held }) => held)), disputedFen: Number(sum(contracts, ({ disputed }) => disputed)),
    pendingFen: Number(sum(contracts, ({ pending }) => pending)), payableFen: Number(sum(rows, ({ amount }) => amount)),
    inTransitFen: Number(sum(items.filter(({ status }) => status === 'submitted'), ({ gross }) => gross)),
    paidOutFen: Number(sum(paid, ({ gross, fee }) => gross - fee)), feeFen: Number(sum(paid, ({ fee }) => fee)),
    refundedFen: Number(sum(contracts, ({ refunded }) => refunded)), claimsFen: 0
  }
}

/** What is on the special account and owed by channels, and what the office owes for fees of payouts that came back. */
export const cashOf = ({ contracts, settlements }: Shop): { cash: bigint; dueFromOffice: bigint } => {
  const items = settlements.map(({ item }) => item)
  const fees = sum(items.filter(({ cameBack }) => cameBack), ({ fee }) => fee)
  return {
    cash: sum(contracts, ({ paid, refunded }) => paid - refunded) - sum(items.filter(({ status }) => status === 'paid'), ({ gross }) => gross) - fees,
    dueFromOffice: fees
  }
}

// ---- the passing of time

type Due = Readonly<{ at: number; happen: () => void }>

const releaseTerm = (contract: Contract, date: string): void => {
  const at = startOf(date)
  if (contract.status !== 'active') {
    contract.nextRelease = undefined
    return
  }
  if (contract.frozen === null) {
    const passed = min(BigInt(daysBetween(contract.termStart as string, date)), contract.offer.units) - excused(contract, date)
    const elapsed = min(passed, capacity(contract))
    if (elapsed > contract.u) {
      const units = elapsed - contract.u
      const amount = use(contract, units)
      contract.releases.push({
        id: undefined, kind: 'time', state: 'pending', units, amount, date: dateOf(at - 1), dueAt: at + contract.offer.objectionHours * hour,
        windowLeft: 0, answerBy: 0, item: undefined
      })
    }
  }
  const isOver = date >= addDays(contract.termStart as string, Number(contract.offer.units))
  if (isOver && contract.frozen === null && contract.status === 'active' && !contract.hasDispute && contract.disputed === 0n) contract.status = 'completed'
  if (contract.status === 'completed' && contract.held > 0n) contract.remainderAt = at
  contract.nextRelease = contract.status === 'active' ? nextReleaseAfter(contract, date) : undefined
}

const returnRemainder = (contract: Contract): void => {
  contract.remainderAt = undefined
  if (contract.status !== 'completed' || contract.frozen !== null || contract.hasDispute || contract.disputed > 0n) return
  contract.taken += contract.held
  contract.refunded += contract.held
  contract.held = 0n
}

const look = (contract: Contract): void => {
  const at = contract.nextLook as number
  contract.nextLook = contract.status === 'completed' && contract.pending > 0n ? at + day : undefined
  if (contract.status === 'active') contract.status = 'expired'
}

const lapse = (contract: Contract, row: Release): void => {
  if (contract.hasDispute) {
    row.answerBy += day
    return
  }
  row.state = 'disputed'
  contract.pending -= row.amount
  contract.disputed += row.amount
  contract.hasDispute = true
  contract.untaken = 0n
  contract.unfreezeAt = row.answerBy + 127 * day
}

const unfreeze = (contract: Contract): void => {
  const now = contract.unfreezeAt as number
  contract.unfreezeAt = undefined
  contract.hasDispute = false
  for (const row of contract.releases.filter(({ state }) => state === 'disputed')) {
    row.state = 'pending'
    contract.disputed -= row.amount
    contract.pending += row.amount
  }
  contract.untaken = contract.disputed
  if (contract.untaken > 0n) contract.settleAt = now
  completeIfUsedUp(contract)
  if (contract.status === 'completed' && contract.held > 0n) contract.remainderAt = now
  const isOver = contract.termStart !== undefined && now >= contract.expiresAt
  if (isOver && contract.status === 'active') contract.nextRelease = addDays(dateOf(now), 1)
}

const closeWindow = (contract: Contract, row: Release): void => {
  row.state = 'payable'
  contract.pending -= row.amount
  contract.released += row.amount
}

const dueOf = (contract: Contract): Due[] => {
  const due: Due[] = []
  const at = (when: number | undefined, happen: () => void): void => { if (when !== undefined) due.push({ at: when, happen }) }
  if (contract.status === 'awaiting_payment') at(contract.awaitedUntil, () => { contract.status = 'cancelled' })
  const { nextRelease } = contract
  if (nextRelease !== undefined) at(startOf(nextRelease), () => { releaseTerm(contract, nextRelease) })
  at(contract.nextLook, () => { look(contract) })
  at(contract.settleAt, () => {
    const now = contract.settleAt as number
    contract.settleAt = undefined
    settleFrozen(contract, now)
  })
  at(contract.remainderAt, () => { returnRemainder(contract) })
  at(contract.unfreezeAt, () => { unfreeze(contract) })
  for (const row of contract.releases) {
    if (row.state === 'objected') at(row.answerBy, () => { lapse(contract, row) })
    if (row.state === 'pending') at(row.dueAt, () => { closeWindow(contract, row) })
  }
  return due
}

/** Everything that falls due until an instant, in order. */
export const passTime = (shop: Shop, until: number): void => {
  for (;;) {
    const due = [
      ...shop.contracts.flatMap(dueOf),
      ...shop.settlements.filter(({ item }) => item.status === 'submitted').map(({ item }): Due => ({ at: item.nextAsk, happen: () => { askAgain(shop, item) } }))
    ]
    const next = due.reduce<Due | undefined>((first, one) => (first === undefined || one.at < first.at ? one : first), undefined)
    if (next === undefined || next.at > until) return
    next.happen()
  }
}
