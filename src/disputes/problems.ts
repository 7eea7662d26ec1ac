import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'
import { wrongState } from '../kernel/problems.js'

/** What happens to a dispute out of its turn: the shared `wrong_state`, with what can happen now. */
export const outOfTurn = problem<{ state: string; allowed: string[] }>(wrongState.code, {
  status: wrongState.status,
  title: wrongState.title,
  detail: ({ state, allowed }) => ({
    zh: `纠纷处于 ${state} 阶段，此操作现在不可进行；当前可以：${allowed.join('、') || '（无）'}。`,
    en: `The dispute is in ${state}, where this cannot be done. What can be done now: ${allowed.join(', ') || '(nothing)'}.`
  })
})

export const noArbitrationAgreement = problem('no_arbitration_agreement', {
  status: 422,
  title: { zh: '没有仲裁协议', en: 'No arbitration agreement' },
  detail: () => ({
    zh: '消费者签约时未单独同意仲裁条款，本纠纷不能提交仲裁；可继续调解，或凭调解不成证明向人民法院起诉。',
    en: 'The consumer did not accept the arbitration clause when signing, so this dispute cannot go to arbitration. Go on mediating, or sue with the certificate of failed mediation.'
  })
})

export const conflictOfInterest = problem<{ because: string }>('conflict_of_interest', {
  status: 422,
  title: { zh: '存在利益冲突', en: 'Conflict of interest' },
  detail: ({ because }) => ({
    zh: `此人依法应当回避（${because}），请指定名册中的其他人。`,
    en: `This person must not act in the case (${because}). Assign somebody else of the roster.`
  })
})

export const notOnRoster = problem<{ role: string }>('not_on_roster', {
  status: 422,
  title: { zh: '不在名册内', en: 'Not on the roster' },
  detail: ({ role }) => ({
    zh: `此人不是本机构名册内可任 ${role} 的人员，请从 GET /v1/adjudicators 中选择。`,
    en: `This person is not on the office's roster as ${role}. Choose one from GET /v1/adjudicators.`
  })
})

export const awardNotBalanced = problem<{ disputedFen: bigint; dividedFen: bigint }>('award_not_balanced', {
  status: 422,
  title: { zh: '裁决金额不平', en: 'The award does not balance' },
  detail: ({ disputedFen, dividedFen }) => ({
    zh: `冻结金额为 ${disputedFen} 分，裁决处分了 ${dividedFen} 分；退还、释放与恢复之和必须等于冻结金额。`,
    en: `${disputedFen} fen are frozen and the award divides ${dividedFen}: refund, release and restore must add up to what is frozen.`
  })
})

export const awardNumberUsed = problem<{ awardNumber: string }>('award_number_used', {
  status: 422,
  title: { zh: '裁决书编号已使用', en: 'Award number used' },
  detail: ({ awardNumber }) => ({ zh: `编号 ${awardNumber} 已用于另一份裁决，请核对。`, en: `The number ${awardNumber} belongs to another award; check it.` })
})

export const correctionTooLate = problem<{ until: Date }>('correction_too_late', {
  status: 422,
  title: { zh: '已过补正期限', en: 'Too late to correct' },
  detail: ({ until }) => ({ zh: `裁决的补正期限至 ${clockTime(until).zh} 止。`, en: `The award could be corrected until ${clockTime(until).en}.` })
})

export const offerTooHigh = problem<{ disputedFen: bigint }>('offer_too_high', {
  status: 422,
  title: { zh: '超出冻结金额', en: 'More than is frozen' },
  detail: ({ disputedFen }) => ({ zh: `本纠纷冻结 ${disputedFen} 分，退还金额不能超过它。`, en: `${disputedFen} fen are frozen by the dispute; no more can go back by it.` })
})
