import type { BusinessDate } from '../kernel/calendar.js'
import { wrongState } from '../kernel/problems.js'
import { isUnder14 } from '../identity/model.js'
import { guardianRequired } from '../identity/problems.js'
import type { CorrectionRecord, NewCorrection, OpenMatter } from './model.js'
import { accountInUse } from './problems.js'

/*
 * What a person may ask of their data (Personal Information Protection Law Art 44 to 47): a copy, at
 * once; that it be put right, which a notary looks at, because contracts were signed on it; that it
 * be erased, which ends the account. What the law keeps is then kept for the law alone: blocked
 * until its time is over. Journal and evidence hold no personal data that could be erased, only
 * salted hashes of it.
 */

type Known = Readonly<{ legalName: string | undefined; idNumber: string | undefined }>

/** @throws wrong_state (409) before there is anything to correct, guardian_required (422) for a child's number */
export const mayAskCorrection = (known: Known, wanted: Pick<NewCorrection, 'legalName' | 'idNumber'>, today: BusinessDate): void => {
  if (known.idNumber === undefined) throw wrongState({ state: 'identity_not_set', allowed: ['identity_set'] })
  if (known.idNumber === wanted.idNumber && known.legalName === wanted.legalName) throw wrongState({ state: 'as_wanted', allowed: ['different'] })
  if (isUnder14(wanted.idNumber, today)) throw guardianRequired({})
}

/** @throws wrong_state (409) */
export const decide = (correction: CorrectionRecord, { status, decidedBy, reason, now }: {
  status: 'approved' | 'refused'; decidedBy: CorrectionRecord['personId']; reason: string | null; now: Date
}): CorrectionRecord => {
  if (correction.status !== 'asked') throw wrongState({ state: correction.status, allowed: ['asked'] })
  return { ...correction, status, decidedBy, reason, decidedAt: now }
}

type Holding = Readonly<{ id: string; status: string; heldFen: bigint; disputedFen: bigint; pendingFen: bigint; refundPayableFen: bigint; disputeId: string | null | undefined }>

const endings = {
  unsigned: { zh: '取消该合同（POST /v1/contracts/:id/cancel）', en: 'cancel it (POST /v1/contracts/:id/cancel)' },
  money: { zh: '先用完、申请退费或者转让剩余部分', en: 'use it up, ask for a refund, or hand the rest over' },
  pending: { zh: '等待异议期届满', en: 'wait until the time for objections is over' },
  refund: { zh: '等待退款办结', en: 'wait until the refund is paid' },
  dispute: { zh: '等待纠纷办结，或者撤回', en: 'wait until the dispute ends, or withdraw it' },
  transfer: { zh: '撤回或者答复该转让', en: 'cancel or answer the transfer' },
  membership: { zh: '先由商户负责人或者管理员结束该身份', en: 'have the merchant\'s owner or an administrator end it first' },
  correction: { zh: '等待公证处答复该更正申请', en: 'wait for the notary office\'s answer to the correction' }
} as const

const todoFor = ({ status, heldFen, disputedFen, pendingFen, refundPayableFen, disputeId }: Holding) => {
  if (status === 'awaiting_signature' || status === 'awaiting_payment') return endings.unsigned
  if (disputedFen > 0n || disputeId) return endings.dispute
  if (refundPayableFen > 0n) return endings.refund
  if (heldFen > 0n || status === 'active') return endings.money
  return pendingFen > 0n ? endings.pending : undefined
}

/** Contracts in which money or a duty is still open. */
export const openContracts = (contracts: readonly Holding[]): OpenMatter[] => contracts.flatMap((contract) => {
  const todo = todoFor(contract)
  return todo ? [{ kind: 'contract' as const, id: contract.id, todo }] : []
})

/** Other matters, by their ids. */
export const openMatters = (kind: Exclude<OpenMatter['kind'], 'contract'>, ids: readonly string[]): OpenMatter[] =>
  ids.map((id) => ({ kind, id, todo: endings[kind] }))

/** @throws account_in_use (409) that says what to do */
export const mayClose = (open: readonly OpenMatter[]): void => {
  if (open.length > 0) throw accountInUse({ open: [...open] })
}
