import type { Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { dayOf, merchantText, money, personText, type NamedMerchant, type NamedPerson } from './wording.js'

/** The office's record of a court's judgment (法院裁判登记), on which it pays: the judgment itself is the court's document. */
export type JudgmentRecordFacts = Readonly<{
  officeName: string
  disputeId: string
  contractId: string
  consumer: NamedPerson
  merchant: NamedMerchant
  /** the court's number of the case */
  caseNumber: string
  reasoning: string
  claimFen: Fen
  disputedFen: Fen
  refundFen: Fen
  releaseFen: Fen
  restoreFen: Fen
  at: Date
}>

export const judgmentRecordOf = ({
  officeName, disputeId, contractId, consumer, merchant, caseNumber, reasoning, claimFen, disputedFen, refundFen, releaseFen, restoreFen, at
}: JudgmentRecordFacts): Sheet => ({
  title: '法院裁判登记',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `法院裁判登记 ${disputeId}`,
  blocks: [
    { kind: 'title', text: '法院裁判登记' },
    { kind: 'subtitle', text: `案号 ${caseNumber}` },
    {
      kind: 'fields',
      rows: [
        ['消费者', personText(consumer)], ['经营者', merchantText(merchant)], ['纠纷编号', disputeId], ['合同编号', contractId],
        ['请求金额', money(claimFen)], ['争议款项', `${money(disputedFen)}，提存于${officeName}`]
      ]
    },
    { kind: 'heading', text: '一、裁判要旨' },
    { kind: 'text', text: reasoning },
    { kind: 'heading', text: '二、据此办理' },
    { kind: 'text', label: '1', text: `争议款项中 ${money(refundFen)} 退还消费者。` },
    { kind: 'text', label: '2', text: `争议款项中 ${money(releaseFen)} 给付经营者。` },
    { kind: 'text', label: '3', text: `争议款项中 ${money(restoreFen)} 恢复为合同项下的提存款。` },
    { kind: 'text', text: '本登记由公证处依法院的生效裁判作出，是自提存款中给付的依据；裁判内容以法院的裁判文书为准。' },
    { kind: 'closing', lines: [officeName, dayOf(at)] }
  ]
})
