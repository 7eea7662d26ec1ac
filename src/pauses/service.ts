import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf, startOf, type BusinessDate } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { PageOf } from '../kernel/page.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { Merchants } from '../merchants/service.js'
import type { Notices } from '../notices/service.js'
import type { Products } from '../products/service.js'
import type { Closings } from '../redemptions/closings.js'
import type { PausesOf } from '../redemptions/terms.js'
import type { Timetable } from '../timetable/service.js'
import { Pause, PauseId, type NewPause, type PauseRecord, type PauseSide } from './model.js'
import { agreed, begun, checkAnswerable, checkLimits, checkPausable, checkProposal, daysOf, declined, endedEarly, lapsed, needsConsent, over, overOn } from './rules.js'
import { findOpenPause, findPause, insertPause, listEffective, listPauses, updatePause } from './store.js'

/** Sets the deadline of a term's next release anew, because its end has moved. */
export type ScheduleTerm = (tx: Tx, contract: Contract, today: BusinessDate) => Promise<void>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'lock' | 'save'>
  merchants: Pick<Merchants, 'find' | 'venuesOf'>
  products: Pick<Products, 'capRules'>
  closings: Pick<Closings, 'lastVisitsOf'>
  evidence: Evidence
  timetable: Timetable
  notices: Notices
  scheduleTerm: ScheduleTerm
}>

type Both = Readonly<{ contract: Contract; pause: PauseRecord }>

/** What comes next for a pause: it lapses unanswered, begins, or is over, as its state says. */
const pauseDeadline = 'pause'

const viewOf = ({ proposedBy: _, ...pause }: PauseRecord): Pause => ({ ...pause, days: daysOf(pause) })

/** Pauses of term cards (rules.ts). */
export const createPauses = ({ work, clock, contracts, merchants, products, closings, evidence, timetable, notices, scheduleTerm }: Dependencies) => {
  const append = (tx: Tx, fact: Fact, { id, contractId, merchantId, ground, startsOn, endsOn }: PauseRecord, at: Date, by?: string): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, contractId, merchantId, occurredAt: at, payload: { ground, startsOn, endsOn, by } })

  const tell = (tx: Tx, side: PauseSide, { contract, pause: { id, startsOn, endsOn, status } }: Both, what: string): Promise<void> => {
    const notice = { key: `${id}:${status}:${endsOn}`, text: `期限卡合同 ${contract.id} ${what}（${startsOn} 至 ${endsOn}）。详情请登录查看。` }
    return side === 'consumer' ? notices.tellPerson(tx, contract.consumerId, notice) : notices.tellMerchant(tx, contract.merchantId, notice)
  }

  /** Locks a pause's contract; the pause stands behind that lock. @throws not_found (404) */
  const lock = async (tx: Tx, id: PauseId): Promise<Both> => {
    const found = await findPause(tx, id)
    if (!found) throw notFound({})
    const contract = await contracts.lock(tx, found.contractId)
    const pause = await findPause(tx, id)
    invariant(pause, 'a pause is never deleted')
    return { contract, pause }
  }

  const checkLonger = async (tx: Tx, contract: Contract, now: Date): Promise<void> => {
    const { district } = await merchants.find(tx, contract.merchantId)
    checkLimits(contract, { caps: await products.capRules(tx, district, dateOf(now)), venues: await merchants.venuesOf(tx, contract.merchantId) })
  }

  /** Enters a pause that is agreed: the contract's end moves now, the pause begins on its first day. */
  const agree = async (tx: Tx, before: Both, now: Date, by: string): Promise<PauseRecord> => {
    const lastVisit = (await closings.lastVisitsOf(tx, [before.contract.id])).get(before.contract.id)
    const { contract, pause } = agreed(before, { lastVisit, now })
    await checkLonger(tx, contract, now)
    await contracts.save(tx, contract)
    await updatePause(tx, pause)
    await timetable.set(tx, pauseDeadline, pause.id, startOf(pause.status === 'running' ? overOn(pause) : pause.startsOn))
    await scheduleTerm(tx, contract, dateOf(now))
    await append(tx, 'pause-agreed', pause, now, by)
    return pause
  }

  /**
   * A side proposes to pause a term; an outage of the merchant needs no consent.
   * @throws not_found (404), wrong_state (409), not_a_term_card, contract_frozen, cap_exceeded, outlasts_lease, validation_failed (422)
   */
  const propose = (command: Command, contractId: ContractId, asked: NewPause): Promise<Pause> =>
    work.writeOnce(command, officeOf(contractId), Pause, async (tx) => {
      const { personId, end } = command.caller
      const side = end as PauseSide
      const contract = await contracts.lock(tx, contractId)
      const now = clock.now()
      checkPausable(contract)
      checkProposal(asked, side, dateOf(now))
      const open = await findOpenPause(tx, contractId)
      if (open) throw wrongState({ state: `pause ${open.status}`, allowed: ['no open pause'] })
      const pause: PauseRecord = {
        ...asked, id: newId('pau', tx.office), contractId, merchantId: contract.merchantId, status: 'proposed', proposedEnd: side,
        proposedBy: personId, createdAt: now, answeredAt: null, endedAt: null
      }
      // One that could not be agreed to is refused at once.
      const outcome = agreed({ contract, pause }, { lastVisit: undefined, now })
      await checkLonger(tx, outcome.contract, now)
      await insertPause(tx, pause)
      if (!needsConsent(pause)) {
        const declared = await agree(tx, { contract, pause }, now, side)
        await tell(tx, 'consumer', { contract, pause: declared }, '因商户不能提供服务而停卡，期限相应顺延')
        return viewOf(declared)
      }
      await timetable.set(tx, pauseDeadline, pause.id, startOf(overOn(pause)))
      await append(tx, 'pause-proposed', pause, now, side)
      await tell(tx, side === 'consumer' ? 'merchant' : 'consumer', { contract, pause }, '有停卡申请待您确认')
      return viewOf(pause)
    })

  /**
   * The other side agrees.
   * @throws not_found (404), forbidden (403), wrong_state (409), contract_frozen, cap_exceeded, outlasts_lease (422)
   */
  const accept = (caller: Caller, id: PauseId): Promise<Pause> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      checkAnswerable(before.pause, caller.end)
      checkPausable(before.contract)
      const pause = await agree(tx, before, clock.now(), caller.end)
      await tell(tx, pause.proposedEnd, { contract: before.contract, pause }, '的停卡申请已获同意，期限相应顺延')
      return viewOf(pause)
    })

  /** The other side does not agree. @throws not_found (404), forbidden (403), wrong_state (409) */
  const decline = (caller: Caller, id: PauseId): Promise<Pause> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { contract, pause: before } = await lock(tx, id)
      checkAnswerable(before, caller.end)
      const now = clock.now()
      const pause = declined(before, now)
      await updatePause(tx, pause)
      await timetable.lift(tx, pauseDeadline, id)
      await append(tx, 'pause-declined', pause, now, caller.end)
      await tell(tx, pause.proposedEnd, { contract, pause }, '的停卡申请未获同意')
      return viewOf(pause)
    })

  /** Whoever's pause it is ends it before its time, or withdraws a proposal. @throws not_found (404), forbidden (403), wrong_state (409) */
  const end = (caller: Caller, id: PauseId): Promise<Pause> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const { contract, pause } = endedEarly(before, caller.end, now)
      await contracts.save(tx, contract)
      await updatePause(tx, pause)
      if (pause.status === 'running') await timetable.set(tx, pauseDeadline, id, startOf(overOn(pause)))
      else await timetable.lift(tx, pauseDeadline, id)
      if (pause.status !== 'withdrawn') await scheduleTerm(tx, contract, dateOf(now))
      await append(tx, pause.status === 'withdrawn' ? 'pause-withdrawn' : 'pause-ended', pause, now, caller.end)
      await tell(tx, caller.end === 'consumer' ? 'merchant' : 'consumer', { contract, pause }, pause.status === 'withdrawn' ? '的停卡申请已撤回' : '的停卡提前结束')
      return viewOf(pause)
    })

  /** Pauses of a contract, newest first. @throws not_found (404) */
  const list = (caller: Caller, contractId: ContractId): Promise<PageOf<Pause>> =>
    work.read(actorOf(caller), officeOf(contractId), async (tx) => {
      await contracts.find(tx, contractId)
      return { items: (await listPauses(tx, contractId)).map(viewOf), nextCursor: null }
    })

  const save = async (tx: Tx, { contract, pause }: Both, fact: Fact, at: Date): Promise<void> => {
    await contracts.save(tx, contract)
    await updatePause(tx, pause)
    await append(tx, fact, pause, at)
  }

  /** The first day of a pause has come; a contract that has ended or is in other hands is left alone. */
  const begin = async (tx: Tx, before: Both, at: Date): Promise<void> => {
    const { status, frozen } = before.contract
    if (status !== 'active' || frozen !== null) return save(tx, over(before, at), 'pause-ended', at)
    const after = begun(before)
    await save(tx, after, 'pause-began', at)
    await timetable.set(tx, pauseDeadline, after.pause.id, startOf(overOn(after.pause)))
  }

  timetable.on(pauseDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await lock(tx, PauseId.parse(subject))
    if (!(await take(tx))) return
    switch (before.pause.status) {
      case 'proposed': return save(tx, { ...before, pause: lapsed(before.pause, at) }, 'pause-lapsed', at)
      case 'agreed': return begin(tx, before, at)
      case 'running': return save(tx, over(before, at), 'pause-ended', at)
    }
  }))

  const daysOut: PausesOf = async (tx, contractIds) =>
    (await listEffective(tx, contractIds)).map((pause) => ({ contractId: pause.contractId, from: pause.startsOn, until: overOn(pause) }))

  return { propose, accept, decline, end, list, daysOut }
}

export type Pauses = ReturnType<typeof createPauses>
