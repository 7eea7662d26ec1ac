import { randomBytes, randomInt } from 'node:crypto'
import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { after, dateOf, hourMs, startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { forbidden, notFound } from '../kernel/problems.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Timetable } from '../timetable/service.js'
import { closureDeadline, contestedDeadline, Redemption, RedemptionId, remainderDeadline, termDeadline, type Objection, type Redeem, type RedeemAnswer, type Release, type TermCalendar } from './model.js'
import { releaseVoided, unitsReleased } from './postings.js'
import type { Redeemer } from './redeemer.js'
import { codeHashOf } from './redeemer.js'
import { assertUsable, codeLifetimeMs, completeTerm, daysToRelease, hangsOnObjection, goesToConsumer, nextReleaseDate, object, releaseDays, termEndOf, voidRelease, withdrawObjection } from './rules.js'
import { deleteCodesBefore, endObjection, findOpenObjection, findRelease, insertCode, insertObjection, insertReleases, listReleases, lockRelease, updateRelease, type ReleaseFilter } from './store.js'
import type { Terms } from './terms.js'

/** Opens a dispute for the consumer over a release nobody answered for, freezing its money. @returns the contract after it, or undefined when another dispute is open */
export type OpenDispute = (tx: Tx, facts: { contract: Contract; release: Release; objection: Objection; at: Date }) => Promise<Contract | undefined>

/** Where the money of a voided release goes when the contract's held money is gone: a refund to the consumer. */
export type RefundAccount = (tx: Tx, facts: { contract: Contract; amountFen: bigint; at: Date }) => Promise<OwnAccount>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Contracts
  ledger: Ledger
  evidence: Evidence
  timetable: Timetable
  redeemer: Redeemer
  terms: Terms
  openDispute: OpenDispute
  refundAccount: RefundAccount
}>

const objectionDeadline = 'objection-answer'
const codeBytes = 16
const historyPage = 1_000
const dayMs = 24 * hourMs

const viewOf = (release: Release): Redemption => ({
  id: release.id, contractId: release.contractId, merchantId: release.merchantId, venueId: release.venueId,
  kind: release.kind, status: release.state, units: Number(release.units), releasedFen: release.amountFen,
  sessionsLeft: release.unitsLeft === null ? null : Number(release.unitsLeft), date: release.date,
  createdAt: release.createdAt, objectionUntil: release.dueAt
})

export const createRedemptions = ({ work, clock, contracts, ledger, evidence, timetable, redeemer, terms, openDispute, refundAccount }: Dependencies) => {
  /** Makes a code the consumer shows at the door. Each lives 60 s, works once and reserves nothing. */
  const makeCode = async (caller: Caller, contractId: ContractId) => {
    const code = randomBytes(codeBytes).toString('base64url')
    const shortCode = randomInt(100_000_000).toString().padStart(8, '0')
    return work.write(actorOf(caller), officeOf(contractId), async (tx) => {
      const contract = await contracts.find(tx, contractId)
      const now = clock.now()
      assertUsable(contract, now)
      const expiresAt = after(now, codeLifetimeMs)
      await insertCode(tx, {
        codeHash: Buffer.from(codeHashOf(code), 'hex'), shortCode, contractId, merchantId: contract.merchantId, consumerId: contract.consumerId, expiresAt, usedAt: null
      })
      return { code, shortCode, expiresAt }
    })
  }

  /** Redeems a code at the door of the caller's merchant, in a batch with its neighbours. */
  const redeem = async (command: Command, request: Redeem): Promise<RedeemAnswer> => {
    const { office, merchantId } = command.caller
    if (office === undefined || merchantId === undefined) throw forbidden({})
    return redeemer.submit(office, command, merchantId, request)
  }

  /** Locks a release's contract, then the release. @throws not_found (404) */
  const lock = async (tx: Tx, id: RedemptionId) => {
    const found = await findRelease(tx, id)
    if (!found) throw notFound({})
    const contract = await contracts.lock(tx, found.contractId)
    const release = await lockRelease(tx, id)
    invariant(release, 'a release is never deleted')
    return { contract, release }
  }

  /** Takes a release back while it is pending: the units and the money return to the contract, or to the consumer where it has ended. */
  const voidRedemption = (command: Command, id: RedemptionId, reason: string): Promise<Redemption> =>
    work.writeOnce(command, officeOf(id), Redemption, async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const { contract, release } = voidRelease(before.contract, before.release)
      const account = goesToConsumer(contract) ? await refundAccount(tx, { contract: before.contract, amountFen: release.amountFen, at: now }) : undefined
      const after = account === undefined
        ? contract
        : { ...contract, heldFen: before.contract.heldFen, takenFen: contract.takenFen + release.amountFen, refundedFen: contract.refundedFen + release.amountFen }
      await contracts.save(tx, after)
      await updateRelease(tx, release, reason)
      await endObjection(tx, id, 'voided', now)
      await timetable.lift(tx, objectionDeadline, id)
      if (hangsOnObjection(after)) await timetable.set(tx, contestedDeadline, after.id, now)
      if (after.frozen === 'closure') await timetable.set(tx, closureDeadline, after.id, now)
      if (after.status === 'completed' && after.heldFen > 0n) await timetable.set(tx, remainderDeadline, after.id, now)
      const transferId = await ledger.post(tx, releaseVoided(after, release, now, account))
      if (transferId === undefined) {
        await evidence.appendFact(tx, { fact: 'release-voided', subject: id, contractId: after.id, merchantId: after.merchantId, occurredAt: now, payload: { units: release.units } })
      }
      return viewOf(release)
    })

  /** The consumer objects to a release while it is pending: it stays pending until answered. */
  const objectTo = (command: Command, id: RedemptionId, reason: string): Promise<Redemption> =>
    work.writeOnce(command, officeOf(id), Redemption, async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const { contract, release, objection } = object(before.contract, before.release, reason, now)
      await contracts.save(tx, contract)
      await updateRelease(tx, release)
      await insertObjection(tx, objection)
      await timetable.set(tx, objectionDeadline, id, objection.answerBy)
      await evidence.appendFact(tx, {
        fact: 'objection-made', subject: id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: now,
        payload: { amountFen: release.amountFen, answerBy: objection.answerBy }
      })
      return viewOf(release)
    })

  /** The consumer takes the objection back: the window goes on with what was left of it. */
  const withdraw = (caller: Caller, id: RedemptionId): Promise<Redemption> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const objection = await findOpenObjection(tx, id)
      const { contract, release } = withdrawObjection(before.contract, before.release, objection ?? noObjection(before.release), now)
      await contracts.save(tx, contract)
      await updateRelease(tx, release)
      await endObjection(tx, id, 'withdrawn', now)
      await timetable.lift(tx, objectionDeadline, id)
      if (hangsOnObjection(contract)) await timetable.set(tx, contestedDeadline, contract.id, now)
      await evidence.appendFact(tx, { fact: 'objection-withdrawn', subject: id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: now, payload: {} })
      return viewOf(release)
    })

  /** Nobody answered an objection in time: a dispute is opened for the consumer. While another is open it waits for its end. */
  timetable.on(objectionDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const id = RedemptionId.parse(subject)
    const { contract, release } = await lock(tx, id)
    if (!(await take(tx)) || release.state !== 'objected') return
    const objection = await findOpenObjection(tx, id)
    invariant(objection, 'an objected release has an objection')
    const disputed = await openDispute(tx, { contract, release, objection, at })
    if (disputed === undefined) {
      await timetable.set(tx, objectionDeadline, id, after(at, dayMs))
      return
    }
    await contracts.save(tx, disputed)
    await updateRelease(tx, { ...release, state: 'disputed' })
    await endObjection(tx, id, 'disputed', at)
  }))

  /** Sets the deadline of a term's next release; nothing for other kinds. Called when the term begins and after each release. */
  const scheduleTerm = async (tx: Tx, contract: Contract, today: string): Promise<void> => {
    if (contract.kind !== 'period') return
    const date = nextReleaseDate(contract, today, await terms.calendarOf(tx, contract.id))
    if (date !== undefined) await timetable.set(tx, termDeadline, contract.id, startOf(date))
  }

  const releaseEarned = async (tx: Tx, before: Contract, calendar: TermCalendar, at: Date): Promise<Contract> => {
    const days = daysToRelease(before, dateOf(at), calendar)
    if (days === 0n) return before
    const { contract, release } = releaseDays(before, days, { id: newId('red', tx.office), lastDay: dateOf(after(at, -1)), at })
    await contracts.save(tx, contract)
    await insertReleases(tx, [release])
    await ledger.post(tx, unitsReleased(contract, release))
    return contract
  }

  /** Releases what time has earned, and completes a term that is over. */
  const releaseTerm = async (tx: Tx, before: Contract, at: Date): Promise<Contract> => {
    const calendar = await terms.calendarOf(tx, before.id)
    const released = await releaseEarned(tx, before, calendar, at)
    const isOver = before.termStart !== null && dateOf(at) >= termEndOf(before.termStart, before.units, calendar)
    const contract = isOver ? completeTerm(released, at) : released
    if (contract !== released) await contracts.save(tx, contract)
    if (contract.status === 'completed' && contract.heldFen > 0n) await timetable.set(tx, remainderDeadline, contract.id, at)
    return contract
  }

  timetable.on(termDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await contracts.lock(tx, subject as ContractId)
    if (!(await take(tx)) || before.status !== 'active') return
    // A pause does not hold up what was earned before it; the calendar knows its days.
    const contract = before.frozen === null || before.frozen === 'pause' ? await releaseTerm(tx, before, at) : before
    if (contract.status === 'active') await scheduleTerm(tx, contract, dateOf(at))
  }))

  /** Check-ins and releases by time that the caller may see, newest first. */
  const list = async (caller: Caller, filter: ReleaseFilter, page: PageQuery): Promise<PageOf<Redemption>> => {
    const office = caller.office ?? (filter.contractId ? officeOf(filter.contractId) : 0)
    const rows = await work.read(actorOf(caller), office, (tx) => listReleases(tx, filter, positionOf(page, RedemptionId), page.limit + 1))
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => id)
    return { items: items.map(viewOf), nextCursor }
  }

  /** Every check-in and release of a contract, oldest first. */
  const historyOf = async (tx: Tx, contractId: ContractId): Promise<Redemption[]> => {
    const newestFirst: Release[] = []
    let page: Release[]
    do {
      page = await listReleases(tx, { contractId }, newestFirst.at(-1)?.id, historyPage)
      newestFirst.push(...page)
    } while (page.length === historyPage)
    return newestFirst.reverse().map(viewOf)
  }

  const find = async (caller: Caller, id: RedemptionId): Promise<Redemption> => {
    const release = await work.read(actorOf(caller), officeOf(id), (tx) => findRelease(tx, id))
    if (!release) throw notFound({})
    return viewOf(release)
  }

  /** Forgets codes that have been no good for a day. */
  const sweepCodes = (office: number, at: Date): Promise<void> => work.write(worker, office, (tx) => deleteCodesBefore(tx, after(at, -dayMs)))

  return { makeCode, redeem, voidRedemption, objectTo, withdraw, list, historyOf, find, scheduleTerm, sweepCodes }
}

/** A release without an open objection; the rule refuses it by its state. */
const noObjection = ({ id, contractId, merchantId, dueAt, createdAt }: Release): Objection =>
  ({ releaseId: id, contractId, merchantId, reason: '', madeAt: createdAt, windowLeftMs: 0, answerBy: dueAt })

export type Redemptions = ReturnType<typeof createRedemptions>
