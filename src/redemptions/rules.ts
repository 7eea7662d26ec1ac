import { capacityOf, countUnits, earnedBy, giveBackUnits, isBeyondHeld, useUnits } from '../contracts/rules.js'
import type { Contract, ContractId, ContractStatus } from '../contracts/model.js'
import { addDays, addMonths, after, daysBetween, hourMs, type BusinessDate } from '../kernel/calendar.js'
import { least, most, type Fen } from '../kernel/money.js'
import { validationFailed, wrongState } from '../kernel/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { CheckInCode, ContractAtDoor, Objection, Redeem, RedemptionId, Release, TermCalendar } from './model.js'
import { codeExpired, codeInvalid, codeUsed, contractFrozen, noSessionsLeft, venueNotCovered } from './problems.js'

/*
 * Neither side alone can spend a session: the consumer shows a code that lives a minute and works
 * once, the merchant redeems it at a venue the contract covers. The units' money moves from held
 * to pending; while it is pending the consumer may object and the merchant may void. After the
 * objection window it is payable. A term card's visit is recorded and releases nothing: its days
 * do.
 */

export const codeLifetimeMs = 60_000
const objectionAnswerMs = 7 * 24 * hourMs

const live: ContractStatus[] = ['active']

/** A contract whose sessions can be used at this moment. @throws no_sessions_left, wrong_state, contract_frozen */
export const assertUsable = (contract: Pick<Contract, 'status' | 'frozen' | 'expiresAt'>, now: Date): void => {
  const { status, frozen, expiresAt } = contract
  if (status === 'completed') throw noSessionsLeft({ left: 0n })
  if (status !== 'active') throw wrongState({ state: status, allowed: live })
  if (frozen !== null) throw contractFrozen({ because: frozen })
  if (expiresAt !== null && now >= expiresAt) throw wrongState({ state: 'expired', allowed: live })
}

const unitsAsked = ({ kind }: Pick<Contract, 'kind'>, { sessions, amountFen }: Redeem): bigint => {
  const wrong = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })
  if (kind === 'stored_value') {
    if (amountFen === undefined) throw wrong('amountFen', '储值卡核销须填写金额', 'is required for a stored-value card')
    if (sessions !== undefined) throw wrong('sessions', '储值卡按金额核销', 'does not go with a stored-value card')
    return amountFen
  }
  if (amountFen !== undefined) throw wrong('amountFen', '仅储值卡按金额核销', 'goes only with a stored-value card')
  if (kind === 'period') {
    if (sessions !== undefined && sessions !== 1) throw wrong('sessions', '期限卡每码登记一次', 'must be 1 for a term card')
    return 0n
  }
  return BigInt(sessions ?? 1)
}

type Door<Found extends ContractAtDoor> = Readonly<{
  code: CheckInCode | undefined
  contract: Found | undefined
  merchantId: MerchantId
  /** the merchant the venue belongs to; undefined when there is no such venue */
  venueMerchantId: MerchantId | undefined
  id: RedemptionId
  cashierId: Release['cashierId']
  date: string
  now: Date
}>

type Redeemed<Found extends ContractAtDoor = Contract> = Readonly<{ contract: Found; release: Release }>

/**
 * Redeems a code at the door.
 * @throws code_invalid, code_used, code_expired, no_sessions_left, contract_frozen, venue_not_covered (422), wrong_state (409)
 */
export const redeem = <Found extends ContractAtDoor>(command: Redeem, { code, contract, merchantId, venueMerchantId, id, cashierId, date, now }: Door<Found>): Redeemed<Found> => {
  if (!code || !contract || code.merchantId !== merchantId || contract.merchantId !== merchantId) throw codeInvalid({})
  if (code.usedAt !== null) throw codeUsed({})
  if (now >= code.expiresAt) throw codeExpired({})
  assertUsable(contract, now)
  const { venueIds } = contract
  if (venueMerchantId !== merchantId || (venueIds !== null && !venueIds.includes(command.venueId))) throw venueNotCovered({})

  const units = unitsAsked(contract, command)
  const { left } = countUnits(contract)
  if (units > left) throw noSessionsLeft({ left })

  const isTerm = contract.kind === 'period'
  const { contract: used, amount } = isTerm ? { contract, amount: 0n } : useUnits(contract, units, now)
  return {
    contract: used,
    release: {
      id, contractId: contract.id, merchantId, kind: 'check_in', state: isTerm ? 'recorded' : 'pending', units, amountFen: amount,
      unitsLeft: isTerm ? null : countUnits(used).left, date, createdAt: now, dueAt: after(now, contract.objectionHours * hourMs),
      venueId: command.venueId, cashierId, itemId: null
    }
  }
}

const allow = ({ state }: Release, ...allowed: Release['state'][]): void => {
  if (!allowed.includes(state)) throw wrongState({ state, allowed })
}

/** Whether what a void takes back from pending goes to the consumer at once. */
export const goesToConsumer = (contract: Contract): boolean => isBeyondHeld(contract)

/** A refund left money frozen that hangs on an objection, and no dispute has taken it up. */
export const hangsOnObjection = (contract: Contract): boolean => isBeyondHeld(contract) && contract.disputedFen > 0n && contract.disputeId === null

/**
 * Takes a release back while its money is pending: the units and the money return. Days of a term
 * do not come again, so that a term that is over stays so.
 * @throws wrong_state (409)
 */
export const voidRelease = (contract: Contract, release: Release): Readonly<{ contract: Contract; release: Release }> => {
  allow(release, 'pending', 'objected')
  const objectedFen = contract.objectedFen - (release.state === 'objected' ? release.amountFen : 0n)
  const back = giveBackUnits(contract, release.units, release.amountFen)
  const { status, endedAt } = release.kind === 'time' ? contract : back
  return {
    contract: { ...back, status, endedAt, objectedFen },
    release: { ...release, state: 'voided' }
  }
}

/** The consumer objects while the release is pending: its window stops. @throws wrong_state (409) when the window is over */
export const object = (contract: Contract, release: Release, reason: string, now: Date): Readonly<{ contract: Contract; release: Release; objection: Objection }> => {
  allow(release, 'pending')
  if (now >= release.dueAt) throw wrongState({ state: 'payable', allowed: ['pending'] })
  return {
    contract: { ...contract, objectedFen: contract.objectedFen + release.amountFen },
    release: { ...release, state: 'objected' },
    objection: {
      releaseId: release.id, contractId: release.contractId, merchantId: release.merchantId, reason, madeAt: now,
      windowLeftMs: release.dueAt.getTime() - now.getTime(), answerBy: after(now, objectionAnswerMs)
    }
  }
}

/** The consumer takes the objection back: the window goes on with what was left of it. @throws wrong_state (409) */
export const withdrawObjection = (contract: Contract, release: Release, { windowLeftMs }: Objection, now: Date): Readonly<{ contract: Contract; release: Release }> => {
  allow(release, 'objected')
  return {
    contract: { ...contract, objectedFen: contract.objectedFen - release.amountFen },
    release: { ...release, state: 'pending', dueAt: after(now, windowLeftMs) }
  }
}

/** The window is over: what was pending is the merchant's, payable. */
export const closeWindow = (contract: Contract, amount: bigint): Contract => ({
  ...contract,
  pendingFen: contract.pendingFen - amount,
  releasedFen: contract.releasedFen + amount
})

/*
 * The days of a term. What counts is the days that have passed since it began, without those on
 * which it was paused, and without those the merchant has excused by taking their release back: it
 * admits that it did not serve on them, or waives them. Paused days are added at the end of the
 * term; excused ones are not, and their money stays held. Were they released again with the next
 * day, as any other unit that was given back, the void would be worth nothing to the consumer. At
 * the end of the term what was never earned is left over and goes back, as the remainder.
 */

const earlier = (a: BusinessDate, b: BusinessDate): BusinessDate => (a < b ? a : b)

/** Days on which the term was paused, before a date. */
const pausedBefore = ({ pauses }: TermCalendar, on: BusinessDate): bigint =>
  pauses.reduce((sum, { from, until }) => sum + most(0n, BigInt(daysBetween(from, earlier(until, on)))), 0n)

/** Days of a term that have passed by the start of a date, without the paused ones. */
const daysElapsed = ({ termStart, units }: Contract, on: BusinessDate, calendar: TermCalendar): bigint =>
  termStart === null ? 0n : least(units, most(0n, BigInt(daysBetween(termStart, on)) - pausedBefore(calendar, on)))

/** Days that are excused, before a date; of a month that was taken back, those before the date. */
const excusedBefore = (contract: Contract, on: BusinessDate, calendar: TermCalendar): bigint => calendar.excused.reduce((sum, { lastDay, units }) => {
  const later = daysElapsed(contract, addDays(lastDay, 1), calendar) - daysElapsed(contract, on, calendar)
  return sum + least(units, most(0n, units - later))
}, 0n)

/** Days of a term that count by the start of a date: passed, neither paused nor excused. */
export const daysCounted = (contract: Contract, on: BusinessDate, calendar: TermCalendar): bigint =>
  most(0n, daysElapsed(contract, on, calendar) - excusedBefore(contract, on, calendar))

/** The date on which a term is over: its days and the paused ones have passed. */
export const termEndOf = (termStart: BusinessDate, units: bigint, { pauses }: TermCalendar): BusinessDate =>
  addDays(termStart, pauses.reduce((days, { from, until }) => days + BigInt(daysBetween(from, until)), units))

/** Days of a term that the passing of time has earned by the start of a business date, and are not released yet. */
export const daysToRelease = (contract: Contract, today: BusinessDate, calendar: TermCalendar): bigint => {
  const earned = least(daysCounted(contract, today, calendar), capacityOf(contract))
  return earned > contract.unitsUsed ? earned - contract.unitsUsed : 0n
}

/** A term whose time is over is completed, also with days that were never earned; while a dispute may bring money back it waits. */
export const completeTerm = (contract: Contract, at: Date): Contract =>
  contract.status === 'active' && contract.disputeId === null && contract.disputedFen === 0n
    ? { ...contract, status: 'completed', endedAt: at }
    : contract

type Passing = Readonly<{ id: RedemptionId; lastDay: BusinessDate; at: Date }>

/** The days that time has earned are released: held → pending; the term's last day sweeps all rounding. */
export const releaseDays = (contract: Contract, days: bigint, { id, lastDay, at }: Passing): Redeemed => {
  const { contract: used, amount } = useUnits(contract, days, at)
  return {
    contract: used,
    release: {
      id, contractId: contract.id, merchantId: contract.merchantId, kind: 'time', state: 'pending', units: days, amountFen: amount,
      unitsLeft: countUnits(used).left, date: lastDay, createdAt: at, dueAt: after(at, contract.objectionHours * hourMs),
      venueId: null, cashierId: null, itemId: null
    }
  }
}

/** The business date at whose start the term's next release is due, after a date; once the term is over, the next day. */
export const nextReleaseDate = ({ release, termStart, units }: Contract, today: BusinessDate, calendar: TermCalendar): BusinessDate | undefined => {
  if (termStart === null) return undefined
  const termEnd = termEndOf(termStart, units, calendar)
  if (release !== 'per_month' || today >= termEnd) return addDays(today, 1)
  let months = 1
  while (addMonths(termStart, months) <= today) months += 1
  return earlier(addMonths(termStart, months), termEnd)
}

/** Days of a term taken back: what it does to the contract and to the rows, and how much came from where. */
export type TakenBack = Readonly<{ contract: Contract; changed: readonly Release[]; pendingFen: bigint; payableFen: bigint }>

/**
 * Takes back days that were released beyond those a term ends with, newest first, from rows that
 * are pending, or payable and in no settlement; what has gone further stays.
 */
export const takeBackDays = (contract: Contract, rows: readonly Release[], keep: bigint): TakenBack => {
  let back: TakenBack = { contract, changed: [], pendingFen: 0n, payableFen: 0n }
  for (const row of rows) {
    const { unitsUsed, allocFen } = back.contract
    if (unitsUsed <= keep) break
    const units = least(row.units, unitsUsed - keep)
    const isWhole = units === row.units
    const amount = isWhole ? row.amountFen : least(row.amountFen, most(0n, allocFen - earnedBy(contract, unitsUsed - units)))
    const [pendingFen, payableFen] = row.state === 'pending' ? [amount, 0n] : [0n, amount]
    back = {
      contract: {
        ...back.contract,
        unitsUsed: unitsUsed - units,
        allocFen: allocFen - amount,
        heldFen: back.contract.heldFen + amount,
        pendingFen: back.contract.pendingFen - pendingFen,
        releasedFen: back.contract.releasedFen - payableFen
      },
      changed: [...back.changed, isWhole ? { ...row, state: 'voided' } : { ...row, units: row.units - units, amountFen: row.amountFen - amount }],
      pendingFen: back.pendingFen + pendingFen,
      payableFen: back.payableFen + payableFen
    }
  }
  return back
}

type Row = Pick<Release, 'id' | 'contractId' | 'amountFen'>

/**
 * Which of a merchant's payable rows stay where they are because courts hold money: of each contract
 * that is held, and then of all that is left, the oldest, until they come to the amount. A row is paid
 * whole or not at all, so what stays is at most one row more than that. `rows`: the oldest first.
 */
export const withheldRows = (rows: readonly Row[], { merchantFen, contractFen }: Readonly<{ merchantFen: Fen; contractFen: ReadonlyMap<ContractId, Fen> }>): ReadonlySet<RedemptionId> => {
  const withheld = new Set<RedemptionId>()
  const leftOf = new Map(contractFen)
  for (const { id, contractId, amountFen } of rows) {
    const leftFen = leftOf.get(contractId) ?? 0n
    if (leftFen <= 0n) continue
    withheld.add(id)
    leftOf.set(contractId, leftFen - amountFen)
  }
  let leftFen = merchantFen
  for (const { id, amountFen } of rows) {
    if (leftFen <= 0n) break
    if (withheld.has(id)) continue
    withheld.add(id)
    leftFen -= amountFen
  }
  return withheld
}
