import { awardOf } from '../documents/award.js'
import { judgmentRecordOf } from '../documents/judgment-record.js'
import { mediationAgreementOf } from '../documents/mediation-agreement.js'
import type { DocumentKind as PdfKind, Sheet } from '../documents/model.js'
import { settlementAgreementOf } from '../documents/settlement-agreement.js'
import { yuan } from '../kernel/money.js'
import { groundTexts, type DocumentFacts } from './document.js'
import type { DocumentKind, Outcome, Side } from './model.js'

/** Who helped the parties agree, and when each did. */
export type MediationFacts = Readonly<{ mediatorName: string; consumerAcceptedAt: Date; merchantAcceptedAt: Date }>

/** What a PDF shows beside the facts of its text. */
export type SheetFacts = Readonly<{ facts: DocumentFacts; idNumber: string; claimant: Side; outcome: Outcome | undefined; mediation: MediationFacts | undefined }>

/** A PDF to be made: of its kind, as the so-manieth of its case. */
export type CasePdf = Readonly<{ kind: PdfKind; version: number; sheet: Sheet }>

/** As which kind of PDF a case's document is made; a correction is the award's next version. */
const pdfKinds: Readonly<Record<DocumentKind, PdfKind | undefined>> = {
  settlement_agreement: 'settlement_agreement', mediation_agreement: 'mediation_agreement', mediation_failure: undefined, award: 'award', award_correction: 'award', judgment_record: 'judgment_record'
}

type CostsOf = NonNullable<DocumentFacts['award']>['costs']

const costsText = (costs: CostsOf): string | null =>
  costs && `${yuan(BigInt(costs.totalFen))}，由消费者承担 ${yuan(BigInt(costs.consumerFen))}，由经营者承担 ${yuan(BigInt(costs.merchantFen))}`

/** What a case's document shows as a PDF; undefined for those that are text only. */
export const sheetOf = ({ facts, idNumber, claimant, outcome, mediation }: SheetFacts): Sheet | undefined => {
  const { kind, office: officeName, disputeId, contractId, merchant, award, terms = '' } = facts
  const [at, consumer] = [new Date(facts.madeAt), { legalName: facts.consumer, idNumber }]
  const common = { officeName, disputeId, contractId, consumer, merchant, claimFen: BigInt(facts.claimFen), disputedFen: BigInt(facts.disputedFen) }
  if (kind === 'mediation_agreement' && outcome && mediation) {
    return mediationAgreementOf({ ...common, ...mediation, groundText: groundTexts[facts.ground], refundFen: outcome.refundFen, restoreFen: outcome.restoreFen, message: terms, at })
  }
  if (kind === 'settlement_agreement' && outcome) {
    return settlementAgreementOf({ ...common, groundText: groundTexts[facts.ground], refundFen: outcome.refundFen, restoreFen: outcome.restoreFen, terms, at })
  }
  if (!outcome || !award) return undefined
  if (kind === 'judgment_record') return judgmentRecordOf({ ...common, ...outcome, caseNumber: award.number, reasoning: award.reasoning, at })
  const { number: awardNumber, correction, claims, facts: found, reasoning, dueOn, arbitrators } = award
  return awardOf({
    ...common, awardNumber, correction, claimant, claims, facts: found, reasoning, dueOn, decidedAt: at, arbitratorName: arbitrators.join('、'), costs: costsText(award.costs),
    refundFen: outcome.refundFen, releaseFen: outcome.releaseFen, restoreFen: outcome.restoreFen, beyondDepositFen: BigInt(award.beyondDepositFen), interestFen: BigInt(award.interestFen)
  })
}

/** What a case's document shows as a PDF; undefined for those that are text only. */
export const pdfOf = (shown: SheetFacts): CasePdf | undefined => {
  const [kind, sheet] = [pdfKinds[shown.facts.kind], sheetOf(shown)]
  return kind && sheet && { kind, version: 1 + (shown.facts.award?.correction ?? 0), sheet }
}
