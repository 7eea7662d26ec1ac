import type { CertificateNumber } from '../certificates/model.js'
import type { Certificates } from '../certificates/service.js'
import type { ContractId, ContractView } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { DocumentView } from '../documents/model.js'
import { redemptionStatementOf, type RedemptionStatementFacts } from '../documents/redemption-statement.js'
import { refundCertificateOf } from '../documents/refund-certificate.js'
import type { Documents } from '../documents/service.js'
import { settlementStatementOf } from '../documents/settlement-statement.js'
import type { NamedMerchant } from '../documents/wording.js'
import type { Identity } from '../identity/service.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { yuan } from '../kernel/money.js'
import { wrongState } from '../kernel/problems.js'
import type { MerchantId, VenueId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import type { Redemption } from '../redemptions/model.js'
import type { Redemptions } from '../redemptions/service.js'
import type { RefundDetail, RefundId, RefundReason } from '../refunds/model.js'
import type { Refunds } from '../refunds/service.js'
import type { SettlementItemId } from '../settlement/model.js'
import type { Settlements } from '../settlement/service.js'

/*
 * Documents that are made because somebody wants to have them: what was used of a card, what a
 * payout is made of, what went back and why. Who may see a thing may have it on paper.
 */

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  certificates: Pick<Certificates, 'issue'>
  contracts: Pick<Contracts, 'find' | 'show'>
  documents: Documents
  identity: Pick<Identity, 'personOf'>
  merchants: Pick<Merchants, 'find' | 'venuesOf'>
  offices: Offices
  redemptions: Pick<Redemptions, 'list'>
  refunds: Pick<Refunds, 'find'>
  settlements: Pick<Settlements, 'paidPayout'>
}>

const reasonTexts: Readonly<Record<RefundReason, string>> = {
  cooling_off: '冷静期内无理由解除', consumer_choice: '消费者自身原因', merchant_breach: '经营者原因', mutual: '双方协商一致', force_majeure: '不可抗力或者情势变更',
  closure: '经营者停业', deposit_refused: '公证处拒绝提存', stray_payment: '非合同价款的来款', remainder: '无可用次数的余额', award: '仲裁裁决', settlement_agreement: '和解或者调解协议'
}

const unitsText = (kind: ContractView['kind'], units: number): string =>
  ({ sessions: `${units} 次`, stored_value: yuan(BigInt(units)), period: `${units} 日` })[kind]

const pageMax = 100

export const createPartyStatements = ({ work, clock, certificates, contracts, documents, identity, merchants, offices, redemptions, refunds, settlements }: Dependencies) => {
  const merchantOf = async (tx: Tx, id: MerchantId): Promise<NamedMerchant> => {
    const { name, creditCode } = await merchants.find(tx, id)
    return { name, creditCode }
  }

  /** All that the caller may see of a contract's use, oldest first. */
  const usesOf = async (caller: Caller, contractId: ContractId): Promise<Redemption[]> => {
    const uses: Redemption[] = []
    let cursor: string | undefined
    do {
      const page = await redemptions.list(caller, { contractId }, { limit: pageMax, cursor })
      uses.push(...page.items)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    return uses.reverse()
  }

  const lineOf = (kind: ContractView['kind'], venues: ReadonlyMap<VenueId, string>) => ({ createdAt, venueId, units, releasedFen, status }: Redemption): RedemptionStatementFacts['lines'][number] =>
    ({ at: createdAt, venueName: (venueId && venues.get(venueId)) ?? '—', units: unitsText(kind, units), amountFen: releasedFen, status })

  /** What was used of a contract until now, sealed. @throws not_found (404) */
  const redemptionStatement = async (caller: Caller, contractId: ContractId): Promise<DocumentView> => {
    const office = officeOf(contractId)
    const contract = await contracts.show(caller, contractId)
    const { kind, merchantId, productName, sessions, money } = contract
    const uses = await usesOf(caller, contractId)
    const at = clock.now()
    const { name: officeName } = await offices.byNumber(office)
    const subject = `${contractId} ${at.toISOString()}`
    return work.write(worker, office, async (tx) => {
      const venues = new Map((await merchants.venuesOf(tx, merchantId)).map(({ id, name }) => [id, name]))
      const sheet = redemptionStatementOf({
        officeName, contractId, productName, merchant: await merchantOf(tx, merchantId), at, lines: uses.map(lineOf(kind, venues)),
        usedText: unitsText(kind, sessions.used), leftText: unitsText(kind, sessions.left), heldFen: money.heldFen, releasedFen: money.releasedFen
      })
      await documents.ask(tx, { kind: 'redemption_statement', subject, contractId, merchantId, sheet }, `核销明细，合同 ${contractId}，截至 ${at.toISOString()}`)
      const asked = await documents.find(tx, 'redemption_statement', subject)
      invariant(asked, 'a document that was just asked for is missing')
      return asked
    })
  }

  /** What a payout is made of, sealed. @throws not_found (404), wrong_state (409) until the bank has confirmed it, unavailable (503) while it cannot be sealed */
  const settlementStatement = async (caller: Caller, itemId: SettlementItemId): Promise<Buffer> => {
    const office = officeOf(itemId)
    const { payout: { merchantId, settlementId, grossFen, feeFen, account }, cutoff, paidAt, lines } = await settlements.paidPayout(caller, itemId)
    const { name: officeName } = await offices.byNumber(office)
    await work.write(worker, office, async (tx) => {
      if (await documents.find(tx, 'settlement_statement', itemId)) return
      const sheet = settlementStatementOf({ officeName, settlementId, itemId, merchant: await merchantOf(tx, merchantId), accountText: account ?? '—', cutoff, paidAt, grossFen, feeFen, lines })
      await documents.ask(tx, { kind: 'settlement_statement', subject: itemId, contractId: null, merchantId, sheet }, `结算单 ${itemId}`)
    })
    return documents.certificateBytes(caller, office, 'settlement_statement', itemId)
  }

  const issueRefund = (office: number, { id, contractId, merchantId, reason, refundFen, merchantFen, contestedFen, createdAt, quote }: RefundDetail, paidAt: Date): Promise<CertificateNumber> =>
    work.write(worker, office, async (tx) => {
      const { consumerId } = await contracts.find(tx, contractId)
      const { legalName = '', idNumber = '' } = await identity.personOf(tx, consumerId)
      const merchant = await merchantOf(tx, merchantId)
      return certificates.issue(tx, { kind: 'refund_certificate', about: id, contractId, merchantId }, (issue) => refundCertificateOf({
        issue, refundId: id, contractId, consumer: { legalName, idNumber }, merchant, reasonText: reasonTexts[reason], refundFen, merchantFen, contestedFen,
        steps: quote?.steps ?? [{ text: '退还款项', amountFen: refundFen }], lawRefs: quote?.lawRefs ?? [], requestedAt: createdAt, paidAt
      }))
    })

  /** That a refund was paid, how it was worked out and by which articles, sealed. @throws not_found (404), wrong_state (409) until it is paid, unavailable (503) while it cannot be sealed */
  const refundCertificate = async (caller: Caller, id: RefundId): Promise<Readonly<{ number: CertificateNumber; bytes: Buffer }>> => {
    const refund = await refunds.find(caller, id, 'zh-CN')
    if (refund.status !== 'paid' || refund.paidAt === null) throw wrongState({ state: refund.status, allowed: ['paid'] })
    const office = officeOf(id)
    // A refund is seen by the parties of its contract; its certificate is theirs too.
    await work.read(actorOf(caller), office, (tx) => contracts.find(tx, refund.contractId))
    const number = await issueRefund(office, refund, refund.paidAt)
    return { number, bytes: await documents.certificateBytes(caller, office, 'refund_certificate', number) }
  }

  return { redemptionStatement, settlementStatement, refundCertificate }
}

export type PartyStatements = ReturnType<typeof createPartyStatements>
