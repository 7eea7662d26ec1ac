import { z } from 'zod'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { commitment, newSalt } from '../evidence/entry.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import type { People } from '../identity/people.js'
import { addMonths, dateOf, startOf } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Notices } from '../notices/service.js'
import type { Offices } from '../offices/service.js'
import { CorrectionId, type ClosedAccount, type Correction, type CorrectionCase, type CorrectionFilter, type CorrectionRecord, type NewCorrection, type OpenMatter } from './model.js'
import { decide, mayAskCorrection, mayClose, openContracts, openMatters } from './rules.js'
import { findCorrection, findOpenCorrection, insertCorrection, listCorrections, lockCorrection, updateCorrection } from './store.js'

/** A list of what there is about a caller at one place, page by page. */
export type Section = (caller: Caller, page: PageQuery) => Promise<PageOf<object>>

type Holding = Parameters<typeof openContracts>[0][number] & Readonly<{ hasMoney: boolean }>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  evidence: Pick<Evidence, 'appendFact'>
  offices: Pick<Offices, 'resolve' | 'ruleInForce'>
  people: People
  notices: Pick<Notices, 'tellPerson'>
  /** What a copy is made of, by the name of its part. */
  sections: Readonly<Record<string, Section>>
  /** A consumer's contracts, and what else of theirs may be under way, by the ids. */
  holdingsOf: (caller: Caller) => Promise<Holding[]>
  underWay: (caller: Caller) => Promise<Readonly<Record<'dispute' | 'refund' | 'transfer', string[]>>>
}>

const about = 'corrections.wanted'
const RetentionValue = z.object({ dealsYears: z.int() })
type Names = Readonly<{ legalName: string; idNumber: string }>

const maskedName = (name: string): string => `${[...name][0] ?? ''}${'*'.repeat(Math.max(1, [...name].length - 1))}`
const maskedIdNumber = (idNumber: string): string => `${idNumber.slice(0, 3)}${'*'.repeat(11)}${idNumber.slice(-4)}`

const pageMax = 100
const wire = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

/** All pages of a section. */
const allOf = async (section: Section, caller: Caller): Promise<object[]> => {
  const items: object[] = []
  for (let cursor: string | undefined; ;) {
    const page = await section(caller, { limit: pageMax, cursor })
    items.push(...page.items)
    if (page.nextCursor === null) return items
    cursor = page.nextCursor
  }
}

export const createPrivacy = ({ work, clock, vault, evidence, offices, people, notices, sections, holdingsOf, underWay }: Dependencies) => {
  const wantedOf = ({ wantedSealed }: CorrectionRecord): Names => JSON.parse(vault.open(wantedSealed, about)) as Names

  const viewOf = (correction: CorrectionRecord): Correction => {
    const { legalName, idNumber } = wantedOf(correction)
    const { id, status, grounds, askedAt, decidedAt, reason } = correction
    return { id, status, grounds, askedAt, decidedAt, reason, legalName: maskedName(legalName), idNumber: maskedIdNumber(idNumber) }
  }

  const append = (tx: Tx, fact: Fact, correction: CorrectionRecord, at: Date, payload: object = {}): Promise<void> => evidence.appendFact(tx, {
    fact, subject: correction.id, occurredAt: at, payload: { wantedHash: commitment(correction.salt, JSON.stringify(wantedOf(correction))), ...payload }
  })

  /** Everything there is about the caller, as one JSON text: what they are entered with, and the parts that every feature knows of them. */
  const copy = async (caller: Caller): Promise<string> => {
    const { phone, legalName = null, idNumber = null } = await work.read(actorOf(caller), caller.office ?? 0, (tx) => people.personOf(tx, caller.personId))
    const duties = await work.read(worker, 0, (tx) => people.dutiesOf(tx, caller.personId))
    const parts: Record<string, object[]> = {}
    for (const [name, section] of Object.entries(sections)) parts[name] = await allOf(section, caller)
    return JSON.stringify({
      format: 'ticun-personal-data/1', madeAt: clock.now(), person: { id: caller.personId, phone, legalName, idNumber },
      memberships: duties.map(({ end, roles, placeName, createdAt }) => ({ end, roles, place: placeName, since: createdAt })), ...parts
    }, wire, 2)
  }

  /**
   * A consumer asks that name and ID number be put right.
   * @throws wrong_state (409), guardian_required, office_required (422)
   */
  const askCorrection = async (caller: Caller, { officeId, grounds, legalName, idNumber }: NewCorrection): Promise<Correction> => {
    const office = await offices.resolve(officeId, caller)
    return work.write(actorOf(caller), office.number, async (tx) => {
      const now = clock.now()
      mayAskCorrection(await people.personOf(tx, caller.personId), { legalName, idNumber }, dateOf(now))
      if (await findOpenCorrection(tx, caller.personId)) throw wrongState({ state: 'asked', allowed: ['none'] })
      const correction: CorrectionRecord = {
        id: newId('cor', tx.office), personId: caller.personId, status: 'asked', wantedSealed: vault.seal(JSON.stringify({ legalName, idNumber }), about),
        salt: newSalt(), grounds, askedAt: now, decidedBy: null, decidedAt: null, reason: null
      }
      await insertCorrection(tx, correction)
      await append(tx, 'identity-correction-asked', correction, now)
      return viewOf(correction)
    })
  }

  /** A consumer's own, or those of the notary's office, newest first. */
  const list = async (caller: Caller, filter: CorrectionFilter): Promise<PageOf<Correction>> => {
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) => listCorrections(tx, caller.office, filter.status, positionOf(filter, CorrectionId), filter.limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, ({ id }) => id)
    return { items: items.map(viewOf), nextCursor }
  }

  /** For the notary, in full; in a writing transaction, so that the access log has it. @throws not_found (404) */
  const show = (caller: Caller, id: CorrectionId): Promise<CorrectionCase> => work.write(actorOf(caller), officeOf(id), async (tx) => {
    const correction = await findCorrection(tx, id)
    if (!correction) throw notFound({})
    const { status, grounds, askedAt, decidedAt, reason, personId } = correction
    const { legalName = null, idNumber = null } = await people.asIdentity(tx, (tx) => people.personOf(tx, personId))
    return { id, status, grounds, askedAt, decidedAt, reason, current: { legalName, idNumber }, wanted: wantedOf(correction) }
  })

  const decided = async (tx: Tx, caller: Caller, id: CorrectionId, status: 'approved' | 'refused', reason: string | null): Promise<CorrectionRecord> => {
    const correction = await lockCorrection(tx, id)
    if (!correction) throw notFound({})
    const after = decide(correction, { status, decidedBy: caller.personId, reason, now: clock.now() })
    await updateCorrection(tx, after)
    return after
  }

  /** The notary found it shown: from now on the person is who they say. What was signed before stays as it was signed. @throws not_found (404), wrong_state (409) */
  const approve = (caller: Caller, id: CorrectionId): Promise<Correction> => work.write(actorOf(caller), officeOf(id), async (tx) => {
    const correction = await decided(tx, caller, id, 'approved', null)
    await people.correctParticulars(tx, correction.personId, wantedOf(correction))
    await append(tx, 'identity-corrected', correction, clock.now())
    await notices.tellPerson(tx, correction.personId, { key: `${id}:approved`, text: '您申请更正的身份信息已经公证处核实并更正；此前签署的文件保持原样。' })
    return viewOf(correction)
  })

  /** @throws not_found (404), wrong_state (409) */
  const refuse = (caller: Caller, id: CorrectionId, reason: string): Promise<Correction> => work.write(actorOf(caller), officeOf(id), async (tx) => {
    const correction = await decided(tx, caller, id, 'refused', reason)
    await append(tx, 'identity-correction-refused', correction, clock.now())
    await notices.tellPerson(tx, correction.personId, { key: `${id}:refused`, text: '您申请更正身份信息未获公证处认可，理由请登录查看；您可以补充材料后重新申请。' })
    return viewOf(correction)
  })

  const openOf = async (caller: Caller, holdings: readonly Holding[]): Promise<OpenMatter[]> => {
    const ways = await underWay(caller)
    const duties = await work.read(worker, 0, (tx) => people.dutiesOf(tx, caller.personId))
    const corrections = await allOf((caller, page) => list(caller, { ...page, status: 'asked' }), caller)
    return [
      ...openContracts(holdings), ...openMatters('dispute', ways.dispute), ...openMatters('refund', ways.refund), ...openMatters('transfer', ways.transfer),
      ...openMatters('membership', duties.map(({ id }) => id)), ...openMatters('correction', (corrections as Correction[]).map(({ id }) => id))
    ]
  }

  /** Until when the law keeps the particulars of somebody who made contracts. */
  const keptUntilOf = async (holdings: readonly Holding[]): Promise<Date | undefined> => {
    if (!holdings.some(({ hasMoney }) => hasMoney)) return undefined
    const today = dateOf(clock.now())
    const rule = await work.read(worker, 0, (tx) => offices.ruleInForce(tx, 'retention_policy', [], today))
    invariant(rule, 'there is no rule retention_policy')
    return startOf(addMonths(today, RetentionValue.parse(rule.value).dealsYears * 12))
  }

  /**
   * Closes the caller's account, at once and for good, once no money and no case is open.
   * @throws account_in_use (409) that says what to do
   */
  const closeAccount = async (caller: Caller): Promise<ClosedAccount> => {
    const holdings = await holdingsOf(caller)
    mayClose(await openOf(caller, holdings))
    const [closedAt, keptUntil] = [clock.now(), await keptUntilOf(holdings)]
    // A leaf in each office that dealt with the person; written again when the closing itself has to be tried again.
    for (const office of new Set(holdings.map(({ id }) => officeOf(id)))) {
      await work.write(worker, office, (tx) => evidence.appendFact(tx, { fact: 'account-closed', subject: caller.personId, occurredAt: closedAt, payload: { keptUntil } }))
    }
    await work.write(actorOf(caller), 0, (tx) => people.close(tx, caller.personId, keptUntil))
    return { closedAt, keptUntil: keptUntil ?? null }
  }

  return { copy, askCorrection, list, show, approve, refuse, closeAccount }
}

export type Privacy = ReturnType<typeof createPrivacy>
