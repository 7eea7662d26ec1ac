import type { Tx } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import { yuan } from '../kernel/money.js'
import type { Timetable } from '../timetable/service.js'
import type { Case, Cases } from './cases.js'
import type { CaseDocuments } from './documents.js'
import { paidDeadline, type Endings } from './endings.js'
import type { Dispute } from './model.js'
import type { Transition } from './procedure/rules.js'
import { outcomeOfAgreement, sideOf } from './rules.js'
import type { MediationFacts } from './sheets.js'
import { frozenOf } from './store.js'

type Dependencies = Readonly<{ timetable: Timetable; cases: Cases; endings: Endings; documents: CaseDocuments }>

type Agreement = Readonly<{ step: Transition; kind: 'settlement_agreement' | 'mediation_agreement'; refundFen: bigint; terms: string; mediation?: MediationFacts; caller: Caller; at: Date }>

/** Both sides agree: the agreement is written, and what it says is done at once. */
export const createSettling = ({ timetable, cases, endings, documents }: Dependencies) => {
  const settle = async (tx: Tx, found: Case, { step, kind, refundFen, terms, mediation, caller, at }: Agreement): Promise<Dispute> => {
    const disputedFen = await frozenOf(tx, found.dispute.id)
    const outcome = outcomeOfAgreement(refundFen, disputedFen)
    const documentSha256 = await documents.write(tx, found.dispute, { kind, disputedFen, outcome, terms, mediation, at })
    await endings.execute(tx, found, outcome, { awardNumber: null, correction: 0, documentSha256 }, at)
    const dispute = await cases.advance(tx, found.dispute, step, at, { ...outcome, endedAt: at })
    await timetable.set(tx, paidDeadline, dispute.id, at)
    await cases.record(tx, dispute, {
      fact: 'dispute-settled', by: sideOf(caller), personId: caller.personId, at, amountFen: refundFen, payload: { kind, documentSha256 },
      notice: `双方已达成协议，退还 ${yuan(refundFen)}。`
    })
    return cases.viewOf(tx, dispute)
  }

  return { settle }
}

export type Settling = ReturnType<typeof createSettling>
