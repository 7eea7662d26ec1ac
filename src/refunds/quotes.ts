import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after, dateOf, daysBetween, hourMs, type BusinessDate } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { Language } from '../kernel/problem.js'
import type { Offices } from '../offices/service.js'
import type { Offer } from '../products/model.js'
import type { Closings } from '../redemptions/closings.js'
import type { DisputedReleases } from '../redemptions/disputed/service.js'
import type { Decided, TermCalendar } from '../redemptions/model.js'
import type { Terms } from '../redemptions/terms.js'
import type { Cause, Gifts, RefundCalculation, RefundFacts } from './law/model.js'
import { calculate, interestOf } from './law/rules.js'
import { InterestRate, RefundPolicy, type QuoteRecord, type QuoteRequest, type RefundInterest, type RefundQuote, type RefundReason, type RefundRecord } from './model.js'
import { assess, causeFor, checkAgreed, checkCoolingOff, checkGifts, checkQuotable, daysPassed, type Assessment } from './rules.js'
import { insertQuote } from './store.js'
import { calculationView, quoteView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'offersOf'>
  closings: Closings
  releases: Pick<DisputedReleases, 'decidedOf'>
  terms: Terms
  offices: Pick<Offices, 'byNumber' | 'ruleInForce'>
}>

/** What is asked of a contract, and when the contract ends by it. */
export type Asked = Readonly<{ reason: RefundReason; agreedFen?: bigint | undefined; gifts?: Gifts | undefined; endsAt: Date }>

/** An assessment with the contract it is of, as it was, and with its term's days beyond the end taken back. */
export type Assessed = Assessment & Readonly<{ before: Contract; contract: Contract; daysToKeep: bigint | undefined }>

/** Of a term: whether somebody came, the days that have passed, and those it keeps. */
type Term = Readonly<{ isVisited: boolean; passed: bigint; keep: bigint }>

/** What several contracts are assessed on; a map by contract each. */
type Loaded = Readonly<{
  offers: ReadonlyMap<ContractId, Offer>
  contested: ReadonlyMap<ContractId, Readonly<{ units: bigint; amountFen: bigint }>>
  decided: ReadonlyMap<ContractId, Decided>
  policy: RefundPolicy
  terms: ReadonlyMap<ContractId, Term>
  shortened: ReadonlyMap<ContractId, Contract>
}>

const everyDay: TermCalendar = { pauses: [], excused: [] }
const nothingContested = { units: 0n, amountFen: 0n }

export const createQuotes = ({ work, clock, contracts, closings, releases, terms: { calendarsOf }, offices }: Dependencies) => {
  const officeIds = new Map<number, string>()

  /** A dated setting of the office, else of all. */
  const settingOf = async (tx: Tx, name: string, on: BusinessDate) => {
    const officeId = officeIds.get(tx.office) ?? (await offices.byNumber(tx.office)).id
    officeIds.set(tx.office, officeId)
    const setting = await offices.ruleInForce(tx, name, [officeId], on)
    invariant(setting, `no rule ${name} is in force on ${on}`)
    return setting
  }

  /** The office's dated refund policy. */
  const policyOf = async (tx: Tx, at: Date): Promise<RefundPolicy> =>
    RefundPolicy.parse((await settingOf(tx, 'refund_policy', dateOf(at))).value)

  /**
   * The days that terms keep. One that nobody came to within the cooling-off time keeps none: the
   * whole price goes back (Art 14).
   */
  const termsOf = async (tx: Tx, terms: readonly Contract[], { reason, endsAt }: Asked): Promise<Map<ContractId, Term>> => {
    const ids = terms.map(({ id }) => id)
    const [lastVisits, calendars] = [await closings.lastVisitsOf(tx, ids), await calendarsOf(tx, ids)]
    return new Map(terms.map((contract) => {
      const lastVisit = lastVisits.get(contract.id)
      const isVisited = lastVisit !== undefined
      const passed = daysPassed(contract, dateOf(endsAt), lastVisit, calendars.get(contract.id) ?? everyDay)
      return [contract.id, { isVisited, passed, keep: reason === 'cooling_off' && !isVisited ? 0n : passed }]
    }))
  }

  const assessOne = (before: Contract, { offers, contested, decided, policy, terms, shortened }: Loaded, asked: Asked): Assessed => {
    const [offer, term] = [offers.get(before.id), terms.get(before.id)]
    invariant(offer, `contract ${before.id} has no terms`)
    const contract = shortened.get(before.id) ?? before
    const settled = decided.get(before.id)
    const passed = term === undefined || contract.unitsUsed > term.passed ? contract.unitsUsed : term.passed
    const used = passed - (settled?.units ?? 0n)
    const standing = { decided: settled, contract, offer, contested: contested.get(before.id) ?? nothingContested, used, isVisited: term?.isVisited ?? false }
    return { ...assess(standing, { ...asked, policy }), before, contract, daysToKeep: term?.keep }
  }

  /** How each contract's held money would be divided if it ended so; in the order of the contracts. Nothing is written. */
  const assessAll = async (tx: Tx, before: readonly Contract[], asked: Asked): Promise<Assessed[]> => {
    const ids = before.map(({ id }) => id)
    const periods = before.filter(({ kind }) => kind === 'period')
    const [offers, contested, policy] = [await contracts.offersOf(tx, ids), await closings.contestedOf(tx, ids), await policyOf(tx, asked.endsAt)]
    const decided = await releases.decidedOf(tx, ids)
    const terms = await termsOf(tx, periods, asked)
    const shortened = await closings.withoutDays(tx, periods.map((contract) => ({ contract, keep: terms.get(contract.id)?.keep ?? 0n })))
    return before.map((contract) => assessOne(contract, { offers, contested, decided, policy, terms, shortened }, asked))
  }

  /** How one contract's held money would be divided if it ended so. Nothing is written. */
  const assessNow = async (tx: Tx, before: Contract, asked: Asked): Promise<Assessed> => {
    const [assessed] = await assessAll(tx, [before], asked)
    invariant(assessed, 'each contract is assessed')
    return assessed
  }

  /** @throws wrong_state (409), cooling_off_over (422) */
  const checkAsked = (contract: Contract, reason: RefundReason, at: Date): void => {
    checkQuotable(contract)
    if (reason === 'cooling_off') checkCoolingOff(contract, at)
  }

  /**
   * What a refund would be, with each step and its article.
   * @throws not_found (404), wrong_state (409), cooling_off_over, validation_failed (422)
   */
  const quote = (caller: Caller, contractId: ContractId, request: QuoteRequest, language: Language): Promise<RefundQuote> =>
    work.write(actorOf(caller), officeOf(contractId), async (tx) => {
      const contract = await contracts.find(tx, contractId)
      const now = clock.now()
      checkAsked(contract, request.reason, now)
      checkAgreed(request, contract)
      checkGifts(request, caller.end)
      const { sum, division, steps } = await assessNow(tx, contract, { ...request, endsAt: now })
      const { quoteHours } = await policyOf(tx, now)
      const record: QuoteRecord = {
        id: newId('quo', tx.office), contractId, reason: request.reason, agreedFen: request.agreedFen ?? null, gifts: request.gifts ?? null, rule: sum.rule, division,
        steps: steps.map(({ text, amountFen }) => ({ text, amountFen: amountFen.toString() })), lawRefs: sum.lawRefs,
        contractVersion: contract.version, quotedBy: caller.personId, createdAt: now, expiresAt: after(now, quoteHours * hourMs)
      }
      await insertQuote(tx, record)
      return quoteView(record, language)
    })

  /** What the law gives back on the whole contract under each cause, with its steps: for a decision to cite. */
  const scenariosOf = async (tx: Tx, contract: Contract, endsAt: Date, language: Language) => {
    const reasons = { merchant: 'merchant_breach', consumer: 'consumer_choice', neither: 'force_majeure' } as const
    const scenarios = []
    for (const [cause, reason] of Object.entries(reasons) as [Cause, RefundReason][]) {
      const { sum, atMostFen } = await assessNow(tx, contract, { reason, endsAt })
      const { rule, refundFen, steps, lawRefs } = calculationView(contract.priceFen, sum, language)
      scenarios.push({ cause, rule, refundFen, refundIfUndeliveredFen: atMostFen, steps, lawRefs })
    }
    return scenarios
  }

  /** Interest on a refund (Arts 16, 17): whose rate, by whose cause the contract ended; none where it was nobody's. */
  const interestFor = async (tx: Tx, refund: RefundRecord, at: Date): Promise<RefundInterest | null> => {
    const cause = causeFor(refund.reason)
    if (cause === 'neither' || refund.purpose === 'stray') return null
    const contract = await contracts.find(tx, refund.contractId)
    const [from, to] = [dateOf(refund.endsAt), dateOf(refund.paidAt ?? at)]
    const setting = cause === 'merchant'
      ? await settingOf(tx, 'interest_lpr_1y', dateOf(contract.createdAt))
      : await settingOf(tx, 'interest_deposit_1y', from)
    const { basisPoints } = InterestRate.parse(setting.value)
    const { interestYearDays } = await policyOf(tx, refund.createdAt)
    const days = daysBetween(from, to)
    return {
      rateBasisPoints: basisPoints, source: setting.source, from, to, days, yearDays: interestYearDays,
      interestFen: interestOf({ principalFen: refund.refundFen, rateBasisPoints: BigInt(basisPoints), days: BigInt(days), yearDays: BigInt(interestYearDays) })
    }
  }

  return {
    quote, assessNow, scenariosOf, assessAll, checkAsked, policyOf, interestFor,
    /** What bare facts give, without a contract. @throws validation_failed (422) */
    calculate: (facts: RefundFacts, language: Language): RefundCalculation => calculationView(facts.paidFen, calculate(facts), language)
  }
}

export type Quotes = ReturnType<typeof createQuotes>
