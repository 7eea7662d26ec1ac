import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Documents } from '../documents/service.js'
import { commitment, newSalt } from '../evidence/entry.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import type { Holds } from '../holds/service.js'
import type { People } from '../identity/people.js'
import type { SigningAttempt } from '../identity/model.js'
import type { Identity } from '../identity/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { StatementLine } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Merchants } from '../merchants/service.js'
import type { Notices } from '../notices/service.js'
import type { Offices } from '../offices/service.js'
import type { Products } from '../products/service.js'
import type { Handing } from '../redemptions/handing.js'
import type { Refunds } from '../refunds/service.js'
import type { Timetable } from '../timetable/service.js'
import { documentOf, sealStatement } from './document.js'
import { Handover, HandoverId, type HandoverAcceptance, type HandoverFilter, type HandoverRecord, type NewHandover } from './model.js'
import { accepted, checkAnswerable, checkCancellable, checkFresh, checkHolderCap, checkTransferable, ended, offered } from './rules.js'
import { findHandover, findOffered, insertHandover, listHandedOver, listHandovers, updateHandover } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'lock' | 'view' | 'buyerOf' | 'lockBalance' | 'replaceHolder'>
  merchants: Pick<Merchants, 'find'>
  products: Pick<Products, 'capRules'>
  offices: Pick<Offices, 'byNumber'>
  people: Pick<People, 'lockOrMake' | 'personOf'>
  identity: Pick<Identity, 'verifySigning' | 'useSigning'>
  documents: Pick<Documents, 'make' | 'askSeal' | 'bytesAbout'>
  refunds: Pick<Refunds, 'isUnderWay'>
  holds: Pick<Holds, 'heldOfRefunds'>
  releases: Handing
  ledger: Pick<Ledger, 'statementOf'>
  evidence: Evidence
  timetable: Timetable
  notices: Notices
}>

const lapseDeadline = 'handover'

const viewOf = ({ documentSubject: _, documentVersion: __, signature: ___, ...handover }: HandoverRecord): Handover => handover

type Both = Readonly<{ contract: Contract; handover: HandoverRecord }>

/** Where a signature came from, and the signer's own choice beside it. */
type SignedFrom = Readonly<{ address: string; acceptArbitration: boolean }>

/**
 * Contracts handed from one consumer to another (rules.ts). The new holder does not see the
 * contract until it is hers: whose offer it is, her own role decides; what she does with it is done
 * as the worker, once that is checked.
 */
export const createHandovers = ({
  work, clock, contracts, merchants, products, offices, people, identity, documents, refunds, holds, releases, ledger, evidence, timetable, notices
}: Dependencies) => {
  const append = (tx: Tx, fact: Fact, { id, contractId, merchantId }: HandoverRecord, at: Date, payload: Readonly<Record<string, unknown>> = {}): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, contractId, merchantId, occurredAt: at, payload })

  const visible = async (tx: Tx, id: HandoverId): Promise<HandoverRecord> => {
    const handover = await findHandover(tx, id)
    if (!handover) throw notFound({})
    return handover
  }

  /** Locks a handover's contract, as the worker; the handover stands behind that lock. */
  const lock = async (tx: Tx, { id, contractId }: Pick<HandoverRecord, 'id' | 'contractId'>): Promise<Both> => {
    const contract = await contracts.lock(tx, contractId)
    const handover = await findHandover(tx, id)
    invariant(handover, 'a handover is never deleted')
    return { contract, handover }
  }

  const checkNow = async (tx: Tx, contract: Contract, confirmsReleases: boolean): Promise<void> => {
    const { status: merchantStatus } = await merchants.find(tx, contract.merchantId)
    checkTransferable(contract, { isRefunding: await refunds.isUnderWay(tx, contract.id), isHeld: (await holds.heldOfRefunds(tx, [contract.id])).size > 0, merchantStatus, confirmsReleases })
  }

  /**
   * The holder offers a contract to another consumer, by her phone.
   * @throws not_found (404), wrong_state (409), contract_frozen, merchant_not_active, transfer_blocked, validation_failed (422)
   */
  const offer = (command: Command, contractId: ContractId, asked: NewHandover): Promise<Handover> =>
    work.writeOnce(command, officeOf(contractId), Handover, async (tx) => {
      const contract = await contracts.lock(tx, contractId)
      await checkNow(tx, contract, asked.confirmsReleases)
      const open = await findOffered(tx, contractId)
      if (open) throw wrongState({ state: 'offered', allowed: ['no open offer'] })
      const now = clock.now()
      const { id: toId } = await inRole(tx, 'identity', (tx) => people.lockOrMake(tx, asked.phone))
      const handover = offered(contract, asked, { id: newId('hov', tx.office), fromId: command.caller.personId, toId, now })
      await insertHandover(tx, handover)
      await timetable.set(tx, lapseDeadline, handover.id, handover.lapsesAt)
      await append(tx, 'handover-offered', handover, now, { confirmsReleases: handover.confirmsReleases })
      await notices.tellPerson(tx, toId, { key: `${handover.id}:offered`, text: `有一份预付费合同（编号 ${contractId}）拟转让给您，请以本号码登录后查阅转让 ${handover.id}，并在 7 日内签署或谢绝。` })
      return viewOf(handover)
    })

  /** Writes the document on what is left now, unless it stands on that already. */
  const makeDocument = async (tx: Tx, { contract, handover }: Both, now: Date): Promise<HandoverRecord> => {
    if (handover.documentVersion === contract.version) return handover
    const { particulars } = await contracts.buyerOf(tx, handover.toId)
    const { phone } = await people.personOf(tx, handover.toId)
    const { documentSha256: contractSha256, productName, merchantName, sessions, money } = await contracts.view(tx, contract)
    const { name: officeName } = await offices.byNumber(tx.office)
    const documentSubject = `${handover.id}/${contract.version}`
    const sheet = documentOf({ handover, contract, standing: { sessions, money }, productName, merchantName, officeName, contractSha256, to: particulars, toPhone: phone, madeAt: now })
    const documentSha256 = await documents.make(tx, { kind: 'handover', subject: documentSubject, contractId: contract.id, merchantId: contract.merchantId, sheet })
    const written: HandoverRecord = { ...handover, documentSubject, documentSha256, documentVersion: contract.version }
    await updateHandover(tx, written)
    return written
  }

  /**
   * The hash the new holder is to sign, of a document written on what is left at this moment.
   * @returns undefined where the contract is not offered to the caller
   * @throws wrong_state (409), identity_required, contract_frozen, merchant_not_active, transfer_blocked (422)
   */
  const documentToSign = (caller: Caller, contractId: ContractId): Promise<{ documentSha256: string } | undefined> =>
    work.write(actorOf(caller), officeOf(contractId), async (tx) => {
      const found = await findOffered(tx, contractId)
      if (found?.toId !== caller.personId) return undefined
      return inRole(tx, 'worker', async (tx) => {
        const both = await lock(tx, found)
        checkAnswerable(both.handover, caller.personId)
        await checkNow(tx, both.contract, both.handover.confirmsReleases)
        const { documentSha256 } = await makeDocument(tx, both, clock.now())
        invariant(documentSha256, 'a document that was made has a hash')
        return { documentSha256 }
      })
    })

  /** What is left counts toward the new holder's cap, under the lock of her row. @throws identity_required, cap_exceeded (422) */
  const checkCap = async (tx: Tx, contract: Contract, { fromId, toId }: HandoverRecord, now: Date): Promise<Buffer> => {
    const { idNumberIndex, idNumberIndexes } = await contracts.buyerOf(tx, toId)
    const { idNumberIndexes: formerIndexes } = await people.personOf(tx, fromId)
    const { district } = await merchants.find(tx, contract.merchantId)
    const { value: { balanceFenMax }, source } = await products.capRules(tx, district, dateOf(now))
    checkHolderCap(contract, {
      balanceFen: await contracts.lockBalance(tx, contract.merchantId, idNumberIndexes),
      isSamePerson: formerIndexes.some((index) => index.equals(idNumberIndex)), limitFen: balanceFenMax, source
    })
    return idNumberIndex
  }

  const recordAccepted = async (tx: Tx, { contract, handover }: Both, acceptArbitration: boolean, at: Date): Promise<void> => {
    const { documentSha256, documentSubject, standing, signature } = handover
    invariant(documentSha256 && documentSubject && standing && signature, 'what is accepted has its document')
    const { challengeId, address, addressSalt } = signature
    const addressHash = commitment(addressSalt, address)
    await append(tx, 'handover-accepted', handover, at, {
      documentSha256, challengeId, addressHash, acceptArbitration, unitsUsed: contract.unitsUsed, heldFen: standing.money.heldFen
    })
    await documents.askSeal(tx, 'handover', documentSubject, sealStatement({ documentSha256, challengeId, addressHash, acceptArbitration, at }))
    await notices.tellMerchant(tx, contract.merchantId, { key: `${handover.id}:merchant`, text: `消费者已将合同 ${contract.id} 的剩余部分转让他人，自即日起由新的持有人使用，条款不变（法释〔2025〕4号第十一条）。` })
    await notices.tellPerson(tx, handover.fromId, { key: `${handover.id}:accepted`, text: `您转让的合同 ${contract.id} 已由受让人签署，转让完成。` })
  }

  /** Puts the new holder in the place of the former, in a transaction that holds the contract's lock as the worker. */
  const takeOver = async (tx: Tx, before: Both, attempt: SigningAttempt, { address, acceptArbitration }: SignedFrom, at: Date): Promise<HandoverRecord> => {
    const { handover } = before
    checkAnswerable(handover, attempt.personId)
    await checkNow(tx, before.contract, handover.confirmsReleases)
    checkFresh(handover, before.contract)
    const idNumberIndex = await checkCap(tx, before.contract, handover, at)
    await identity.useSigning(tx, attempt)
    const contract = await releases.confirmPending(tx, before.contract, at)
    await releases.forgetCodes(tx, contract.id)
    await contracts.replaceHolder(tx, contract, { holderId: handover.toId, idNumberIndex, acceptArbitration })
    const { sessions, money } = await contracts.view(tx, contract)
    const done = accepted(handover, { challengeId: attempt.challengeId, address, addressSalt: newSalt() }, { sessions, money }, at)
    await updateHandover(tx, done)
    await timetable.lift(tx, lapseDeadline, handover.id)
    await recordAccepted(tx, { contract, handover: done }, acceptArbitration, at)
    return done
  }

  /**
   * The new holder signs: from here the contract is hers.
   * @throws not_found (404), forbidden (403), wrong_state, transfer_stale (409), code_invalid, code_expired, identity_required,
   * cap_exceeded, contract_frozen, merchant_not_active, transfer_blocked (422)
   */
  const accept = async (caller: Caller, id: HandoverId, { challengeId, code, acceptArbitration }: HandoverAcceptance): Promise<Handover> => {
    const { contractId, documentSha256 } = await work.read(actorOf(caller), officeOf(id), async (tx) => {
      const handover = await visible(tx, id)
      checkAnswerable(handover, caller.personId)
      return handover
    })
    if (documentSha256 === null) throw wrongState({ state: 'no document yet', allowed: ['a sign_contract code was asked for'] })
    const attempt: SigningAttempt = { challengeId, code, personId: caller.personId, contractId, documentSha256 }
    await identity.verifySigning(attempt)
    return work.write(actorOf(caller), officeOf(id), (tx) => inRole(tx, 'worker', async (tx) => {
      const from: SignedFrom = { address: caller.request.address, acceptArbitration }
      return viewOf(await takeOver(tx, await lock(tx, { id, contractId }), attempt, from, clock.now()))
    }))
  }

  const endOffer = (caller: Caller, id: HandoverId, status: 'declined' | 'cancelled', check: typeof checkAnswerable): Promise<Handover> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const found = await visible(tx, id)
      check(found, caller.personId)
      return inRole(tx, 'worker', async (tx) => {
        const { handover: before } = await lock(tx, found)
        check(before, caller.personId)
        const now = clock.now()
        const handover = ended(before, status, now)
        await updateHandover(tx, handover)
        await timetable.lift(tx, lapseDeadline, id)
        await append(tx, `handover-${status}`, handover, now)
        return viewOf(handover)
      })
    })

  timetable.on(lapseDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const { handover } = await lock(tx, await visible(tx, HandoverId.parse(subject)))
    if (!(await take(tx)) || handover.status !== 'offered') return
    const lapsed = ended(handover, 'lapsed', at)
    await updateHandover(tx, lapsed)
    await append(tx, 'handover-lapsed', lapsed, at)
  }))

  /** Handovers that the caller may see, newest first. */
  const list = async (caller: Caller, filter: HandoverFilter): Promise<PageOf<Handover>> => {
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) => listHandovers(tx, caller.office, filter, positionOf(filter, HandoverId), filter.limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, ({ id }) => id)
    return { items: items.map(viewOf), nextCursor }
  }

  /** @throws not_found (404) */
  const find = (caller: Caller, id: HandoverId): Promise<Handover> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => viewOf(await visible(tx, id)))

  /** What the new holder signs, or has signed. @throws not_found (404) until she has asked for a code */
  const document = async (caller: Caller, id: HandoverId): Promise<Buffer> => {
    const { documentSubject } = await work.read(actorOf(caller), officeOf(id), (tx) => visible(tx, id))
    if (documentSubject === null) throw notFound({})
    return documents.bytesAbout(caller, officeOf(id), 'handover', documentSubject)
  }

  /** Every ledger line of the contract until it was handed over: what stays visible to the former holder. @throws not_found (404) */
  const statement = (caller: Caller, id: HandoverId): Promise<PageOf<StatementLine>> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const { contractId, decidedAt, status } = await visible(tx, id)
      if (status !== 'accepted' || decidedAt === null) throw notFound({})
      const lines = await inRole(tx, 'worker', (tx) => ledger.statementOf(tx, contractId))
      return { items: lines.filter(({ bookedAt }) => bookedAt <= decidedAt), nextCursor: null }
    })

  return {
    offer, documentToSign, accept, list, find, document, statement,
    /** The new holder does not want it. @throws not_found (404), forbidden (403), wrong_state (409) */
    decline: (caller: Caller, id: HandoverId) => endOffer(caller, id, 'declined', checkAnswerable),
    /** The holder takes the offer back. @throws not_found (404), forbidden (403), wrong_state (409) */
    cancel: (caller: Caller, id: HandoverId) => endOffer(caller, id, 'cancelled', checkCancellable),
    /** Of these contracts, those whose holder is not who paid. */
    handedOver: async (tx: Tx, contractIds: readonly ContractId[]): Promise<ReadonlySet<ContractId>> => new Set(await listHandedOver(tx, contractIds))
  }
}

export type Handovers = ReturnType<typeof createHandovers>
