import type { Caller } from '../kernel/caller.js'
import { forbidden, notFound, samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import type { AccountChangeRecord, MerchantId, MerchantStatus, Review } from './model.js'
import { accountNameDiffers } from './problems.js'

/*
 * A merchant applies, and the notary of the office examines the application: it is accepted or
 * rejected, once. An accepted merchant may sell. The notary may suspend it, which ends new sales
 * and nothing else, and let it go on. Its owner says where it trades and who works for it; what a
 * merchant's cashier may not do is forbidden, what another merchant has does not exist.
 */

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const base = 31

/** Whether a unified social credit code is well formed and its 18th character checks the others (GB 32100-2015). */
export const isCreditCode = (code: string): boolean => {
  if (code.length !== 18) return false
  let weight = 1
  let sum = 0
  for (const character of code.slice(0, 17)) {
    const value = alphabet.indexOf(character)
    if (value < 0) return false
    sum += value * weight
    weight = (weight * 3) % base
  }
  return alphabet.indexOf(code.charAt(17)) === (base - (sum % base)) % base
}

/** @throws validation_failed (422) with the path `creditCode` */
export const checkCreditCode = (code: string): void => {
  if (isCreditCode(code)) return
  throw validationFailed({
    errors: [{ path: 'creditCode', message: { zh: '不是有效的统一社会信用代码(GB 32100-2015 校验位不符)', en: 'is not a unified social credit code: its check character does not fit (GB 32100-2015)' } }]
  })
}

const reviews: Readonly<Record<Review, Readonly<{ from: MerchantStatus; to: MerchantStatus }>>> = {
  approve: { from: 'in_review', to: 'active' },
  reject: { from: 'in_review', to: 'rejected' },
  suspend: { from: 'active', to: 'suspended' },
  resume: { from: 'suspended', to: 'active' }
}

/** The merchant's status after the notary's word. @throws wrong_state (409) */
export const review = (status: MerchantStatus, word: Review): MerchantStatus => {
  const { from, to } = reviews[word]
  if (status !== from) throw wrongState({ state: status, allowed: [from] })
  return to
}

/** The states in which a merchant's own affairs (venues, staff, drafts) may be changed. */
const alive: readonly MerchantStatus[] = ['in_review', 'active', 'suspended']

/** @throws wrong_state (409) */
export const checkAlive = (status: MerchantStatus): void => {
  if (!alive.includes(status)) throw wrongState({ state: status, allowed: [...alive] })
}

/** @throws not_found (404) for another merchant's people, forbidden (403) for a cashier */
export const checkOwner = ({ merchantId, roles }: Pick<Caller, 'merchantId' | 'roles'>, id: MerchantId | undefined): void => {
  if (merchantId === undefined || merchantId !== id) throw notFound({})
  if (!roles.includes('owner')) throw forbidden({})
}

/** Whether a caller may read what the application said about owner and bank account. */
export const mayReadApplication = (caller: Pick<Caller, 'end' | 'merchantId' | 'roles'> | undefined, id: MerchantId): boolean =>
  caller?.end === 'notary' || caller?.end === 'operator' ||
  (caller?.end === 'merchant' && caller.merchantId === id && caller.roles.includes('owner'))

/** All but the last four characters hidden. */
export const masked = (text: string): string => text.slice(-4).padStart(Math.max(text.length, 8), '*')

const plainName = (name: string): string => name.normalize('NFKC').replace(/\s/g, '')

/** @throws account_name_differs (422) where an account is in none of the names a merchant is known by: its licence's, and that of the account accepted before */
export const checkAccountName = (accountName: string, known: readonly string[]): void => {
  if (!known.map(plainName).includes(plainName(accountName))) throw accountNameDiffers({})
}

/** @throws wrong_state (409): one change at a time */
export const checkNoOpenChange = (open: AccountChangeRecord | undefined): void => {
  if (open) throw wrongState({ state: open.status, allowed: ['effective', 'ended'] })
}

/** How long the contact known before has to speak up. */
const waitMs = dayMs

/** A change with one more notary's approval. @throws wrong_state (409), same_person (403) */
export const approvedChange = (change: AccountChangeRecord, notaryId: Id<'per'>, now: Date): AccountChangeRecord => {
  if (change.status === 'requested') return { ...change, status: 'checked', firstNotaryId: notaryId }
  if (change.status !== 'checked') throw wrongState({ state: change.status, allowed: ['requested', 'checked'] })
  if (change.firstNotaryId === notaryId) throw samePerson({})
  return { ...change, status: 'approved', secondNotaryId: notaryId, effectiveAt: after(now, waitMs) }
}

/** @throws wrong_state (409) once it is in effect or ended */
export const endedChange = (change: AccountChangeRecord, reason: string, now: Date): AccountChangeRecord => {
  if (change.status === 'effective' || change.status === 'ended') throw wrongState({ state: change.status, allowed: ['requested', 'checked', 'approved'] })
  return { ...change, status: 'ended', reason, endedAt: now }
}

/** Whether a change takes effect when its wait is over. */
export const isDue = ({ status }: AccountChangeRecord): boolean => status === 'approved'
