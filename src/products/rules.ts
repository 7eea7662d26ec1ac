import { addDays, type BusinessDate } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Text } from '../kernel/problem.js'
import { validationFailed, wrongState } from '../kernel/problems.js'
import type { MerchantStatus, Venue } from '../merchants/model.js'
import type { Caps, InForce, Offer, ProductKind, ProductStatus, ReleaseRule, Step, UnfairTerms } from './model.js'
import { capExceeded, outlastsLease, unfairTerm, venueRequired, type CapRule } from './problems.js'

/*
 * What a merchant offers is examined when it is written down, when it is submitted and when the
 * notary accepts it, each time by the rules of that day:
 *
 * 1. It says what its kind needs, and nothing of another kind. Money is released by the session,
 *    or, for a term, by the day or the month.
 * 2. It keeps within the caps on prepayment: price, sessions with gifts, length of a term.
 * 3. Sold today, it ends no later than the lease of any venue it covers.
 * 4. No sentence of its terms is one that the law holds void.
 *
 * The notary's acceptance lists it, and the version listed before goes off. A listed version is
 * never edited: the next one is drafted beside it. A draft is corrected by the next version too,
 * which replaces it; while the notary reviews one, there is no other.
 */

// ---- fields by kind

type Field = keyof Offer

const kinds: Readonly<Record<ProductKind, Readonly<{ required: readonly Field[]; allowed: readonly Field[]; releases: readonly ReleaseRule[] }>>> = {
  sessions: { required: ['sessions'], allowed: ['bonusSessions', 'listPricePerSessionFen'], releases: ['per_session'] },
  period: { required: ['periodDays'], allowed: ['listPricePerDayFen'], releases: ['per_day', 'per_month'] },
  stored_value: { required: [], allowed: ['bonusFen'], releases: ['per_session'] }
}

const ofSomeKind: readonly Field[] = ['sessions', 'bonusSessions', 'listPricePerSessionFen', 'periodDays', 'listPricePerDayFen', 'bonusFen']

const faults = (offer: Offer): { path: string; message: Text }[] => {
  const { required, allowed, releases } = kinds[offer.kind]
  const missing = required.filter((field) => offer[field] === undefined)
  const foreign = ofSomeKind.filter((field) => offer[field] !== undefined && !required.includes(field) && !allowed.includes(field))
  return [
    ...missing.map((path) => ({ path, message: { zh: `类型为 ${offer.kind} 时必填`, en: `is required for the kind ${offer.kind}` } })),
    ...foreign.map((path) => ({ path, message: { zh: `类型为 ${offer.kind} 时不适用`, en: `does not go with the kind ${offer.kind}` } })),
    ...(releases.includes(offer.settlementRule.release)
      ? []
      : [{ path: 'settlementRule.release', message: { zh: `类型为 ${offer.kind} 时须为 ${releases.join(' 或 ')}`, en: `must be ${releases.join(' or ')} for the kind ${offer.kind}` } }]),
    ...(offer.kind === 'period' && offer.periodDays !== undefined && offer.validDays < offer.periodDays
      ? [{ path: 'validDays', message: { zh: '不得短于期限 periodDays', en: 'may not be shorter than the term, periodDays' } }]
      : [])
  ]
}

/** @throws validation_failed (422) with the paths */
export const checkFields = (offer: Offer): void => {
  const errors = faults(offer)
  if (errors.length > 0) throw validationFailed({ errors })
}

// ---- caps

const measures = (offer: Offer, caps: Caps): { rule: CapRule; value: bigint; limit: bigint }[] => {
  switch (offer.kind) {
    case 'sessions': return [
      { rule: 'sessions_count', value: BigInt((offer.sessions ?? 0) + (offer.bonusSessions ?? 0)), limit: BigInt(caps.sessions.sessionsMax) },
      { rule: 'sessions_amount', value: offer.priceFen, limit: caps.sessions.priceFenMax }
    ]
    case 'period': return [
      { rule: 'period_amount', value: offer.priceFen, limit: caps.period.priceFenMax },
      { rule: 'period_days', value: BigInt(offer.periodDays ?? 0), limit: BigInt(caps.period.daysMax) }
    ]
    case 'stored_value': return [
      { rule: 'stored_value_amount', value: offer.priceFen, limit: caps.stored_value.priceFenMax }
    ]
  }
}

/** @throws cap_exceeded (422) with the rule, the limit, the value and the source */
export const checkCaps = (offer: Offer, { value: caps, source }: InForce<Caps>): void => {
  const over = measures(offer, caps).find(({ value, limit }) => value > limit)
  if (over) throw capExceeded({ ...over, source })
}

// ---- lease

/** The venues an offer covers: those it names, or all. @throws validation_failed (422) for one that is not the merchant's */
export const venuesCovered = ({ venueIds }: Pick<Offer, 'venueIds'>, venues: readonly Venue[]): readonly Venue[] => {
  if (venueIds === undefined) return venues
  const unknown = venueIds.findIndex((id) => !venues.some((venue) => venue.id === id))
  if (unknown >= 0) throw validationFailed({ errors: [{ path: `venueIds.${unknown}`, message: { zh: '不是本商户的场馆', en: 'is not a venue of this merchant' } }] })
  return venues.filter(({ id }) => venueIds.includes(id))
}

/** The day by which everything bought on a day has ended. */
export const endsOn = ({ validDays, periodDays = 0 }: Pick<Offer, 'validDays' | 'periodDays'>, on: BusinessDate): BusinessDate =>
  addDays(on, Math.max(validDays, periodDays))

/**
 * An offer sold on a day must end no later than the lease of any venue it covers.
 * @throws venue_required (422) when the merchant has none, outlasts_lease (422), validation_failed (422) for a foreign venue
 */
export const checkLease = (offer: Pick<Offer, 'validDays' | 'periodDays' | 'venueIds'>, venues: readonly Venue[], on: BusinessDate): void => {
  const [first, ...others] = venuesCovered(offer, venues)
  if (!first) throw venueRequired({})
  const { id: venueId, leaseUntil } = others.reduce((earliest, venue) => (venue.leaseUntil < earliest.leaseUntil ? venue : earliest), first)
  const end = endsOn(offer, on)
  if (end > leaseUntil) throw outlastsLease({ venueId, leaseUntil, endsOn: end })
}

// ---- terms

/** Full-width forms and spaces do not change what a sentence says. */
const bare = (sentence: string): string => sentence.normalize('NFKC').replace(/[\s\p{Cf}]/gu, '')

const sentencesOf = (text: string): string[] => text.split(/[。!！?？;；\n\r]+/u).map((sentence) => sentence.trim()).filter(Boolean)

/** The first unfair sentence of a text, and the kind of term it is. */
export const findUnfairTerm = (text: string, { terms }: UnfairTerms): { sentence: string; term: UnfairTerms['terms'][number] } | undefined => {
  const tests = terms.map((term) => ({
    term,
    fair: term.fair.map((pattern) => new RegExp(pattern, 'gu')),
    unfair: term.patterns.map((pattern) => new RegExp(pattern, 'u'))
  }))
  for (const sentence of sentencesOf(text)) {
    const found = tests.find(({ fair, unfair }) => {
      const rest = fair.reduce((left, pattern) => left.replace(pattern, '…'), bare(sentence))
      return unfair.some((pattern) => pattern.test(rest))
    })
    if (found) return { sentence, term: found.term }
  }
  return undefined
}

/** @throws unfair_term (422) with the sentence, and the kind of term it is */
export const checkTerms = (text: string, { value, source }: InForce<UnfairTerms>): void => {
  const found = findUnfairTerm(text, value)
  if (found) throw unfairTerm({ sentence: found.sentence, rule: found.term.name, because: found.term.title, source })
}

// ---- versions

type Version = Readonly<{ version: number; status: ProductStatus }>

const steps: Readonly<Record<Step, Readonly<{ from: ProductStatus; to: ProductStatus }>>> = {
  submit: { from: 'draft', to: 'in_review' },
  approve: { from: 'in_review', to: 'listed' },
  reject: { from: 'in_review', to: 'draft' },
  delist: { from: 'listed', to: 'delisted' }
}

/**
 * The version that a step concerns, and the status it takes. `versions`: newest first, at least one.
 * @throws wrong_state (409) with the state of the newest
 */
export const step = <V extends Version>(versions: readonly [V, ...V[]], name: Step): { version: V; status: ProductStatus } => {
  const { from, to } = steps[name]
  const version = versions.find(({ status }) => status === from)
  if (!version) throw wrongState({ state: versions[0].status, allowed: [from] })
  return { version, status: to }
}

/**
 * The number of the next version, and the draft it replaces if there is one.
 * @throws wrong_state (409) while the newest is with the notary
 */
export const nextVersion = <V extends Version>([newest]: readonly [V, ...V[]]): { number: number; replaces: V | undefined } => {
  if (newest.status === 'in_review') throw wrongState({ state: newest.status, allowed: ['draft', 'listed', 'delisted'] })
  return { number: newest.version + 1, replaces: newest.status === 'draft' ? newest : undefined }
}

// ---- who sells, who sees

/** Only an active merchant lists and sells. */
export const isSelling = (status: MerchantStatus): boolean => status === 'active'

const ends: ReadonlySet<Caller['end']> = new Set(['merchant', 'notary', 'operator', 'bureau'])

/** Whether a caller may see more than what is on sale: a merchant its own products, staff those of their office. */
export const readsAsOwn = (caller: Caller | undefined): caller is Caller => caller !== undefined && ends.has(caller.end)
