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
import type { Closings } from '../redemptions/closings.js'
import type { Gifts, RefundCalculation, RefundFacts } from './law/model.js'
import { calculate, interestOf } from './law/rules.js'
import { InterestRate, RefundPolicy, type QuoteRecord, type QuoteRequest, type RefundInterest, type RefundQuote, type RefundReason, type RefundRecord } from './model.js'
import { assess, causeFor, checkAgreed, checkCoolingOff, checkGifts, checkQuotable, daysPassed, type Assessment } from './rules.js'
import { insertQuote } from './store.js'
import { calculationView, quoteView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'offerOf'>
  closings: Closings
  offices: Pick<Offices, 'byNumber' | 'ruleInForce'>
}>

/** What is asked of a contract, and when the contract ends by it. */
export type Asked = Readonly<{ reason: RefundReason; agreedFen?: bigint | undefined; gifts?: Gifts | undefined; endsAt: Date }>

/** An assessment with the contract it is of: its term's days beyond the end are taken back in it. */
export type Assessed = Assessment & Readonly<{ contract: Contract; daysToKeep: bigint | undefined }>

export const createQuotes = ({ work, clock, contracts, closings, offices }: Dependencies) => {
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
   * The days a term keeps. One that nobody came to within the cooling-off time keeps none: the
   * whole price goes back (Art 14).
   */
  const termOf = async (tx: Tx, contract: Contract, { reason, endsAt }: Asked) => {
    const lastVisit = await closings.lastVisitOf(tx, contract.id)
    const isVisited = lastVisit !== undefined
    const passed = daysPassed(contract, dateOf(endsAt), lastVisit)
    return { isVisited, passed, keep: reason === 'cooling_off' && !isVisited ? 0n : passed }
  }

  /** How the contract's held money would be divided if it ended so. Nothing is written. */
  const assessNow = async (tx: Tx, before: Contract, asked: Asked): Promise<Assessed> => {
    const [offer, contested, policy] = [await contracts.offerOf(tx, before.id), await closings.contestedOf(tx, before.id), await policyOf(tx, asked.endsAt)]
    const term = before.kind === 'period' ? await termOf(tx, before, asked) : undefined
    const contract = term === undefined ? before : await closings.withoutDays(tx, before, term.keep)
    const used = term === undefined || contract.unitsUsed > term.passed ? contract.unitsUsed : term.passed
    const standing = { contract, offer, contested, used, isVisited: term?.isVisited ?? false }
    return { ...assess(standing, { ...asked, policy }), contract, daysToKeep: term?.keep }
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
    quote, assessNow, checkAsked, policyOf, interestFor,
    /** What bare facts give, without a contract. @throws validation_failed (422) */
    calculate: (facts: RefundFacts, language: Language): RefundCalculation => calculationView(facts.paidFen, calculate(facts), language)
  }
}

export type Quotes = ReturnType<typeof createQuotes>
