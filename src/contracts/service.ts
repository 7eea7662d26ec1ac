import { createHash } from 'node:crypto'
import { z } from 'zod'
import { actorOf, inRole, worker, type Actor, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { DocumentView } from '../documents/model.js'
import type { Documents } from '../documents/service.js'
import { commitment, newSalt } from '../evidence/entry.js'
import type { Evidence } from '../evidence/service.js'
import type { SigningAttempt } from '../identity/model.js'
import type { Identity } from '../identity/service.js'
import { after, dateOf, dayMs, hourMs } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { StatementLine } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Offices } from '../offices/service.js'
import { Offer } from '../products/model.js'
import type { ForSale, Products } from '../products/service.js'
import type { Timetable } from '../timetable/service.js'
import { documentOf, guardianConsent, legalMeaningIn, legalMeaningOf, needsGuardian, sealStatement, templateVersion, type DocumentFacts } from './document.js'
import { ContractId, ContractView, type Beneficiary, type Contract, type ContractFilter, type NewContract, type Signature } from './model.js'
import { identityRequired } from './problems.js'
import { agree, checkBalance, checkSignable, countUnits, expire, isToExpire, maskedPhone, mayRevive, sign } from './rules.js'
import {
  countContractsToClose, findContract, findShownTerms, findTerms, freezeContractsOf, insertContract, insertGuardianConsent,
  insertTerms, listContracts, listContractsToClose, listOffers, lockBalanceOfPerson, lockContracts, updateContracts, updateHolder, updateSignature, type Holder, type ShownTerms
} from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  evidence: Evidence
  documents: Documents
  ledger: Ledger
  timetable: Timetable
  offices: Offices
  identity: Identity
  products: Products
}>

/** A contract that is neither signed nor paid, or signed and not paid, for this long is cancelled. */
export const awaitedDeadline = 'contract-awaited'
export const awaitedMs = 24 * hourMs
/** A counted or stored-value card's expiry. */
export const expiryDeadline = 'contract-expiry'

const sealed = { document: 'contract_terms.document', beneficiary: 'contract_terms.beneficiary' }

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Where a signature came from, and the salt its address is committed to with. */
type SignedFrom = Readonly<{ address: string; salt: string }>

type Buyer = Readonly<{ particulars: Beneficiary; idNumberIndex: Buffer; idNumberIndexes: readonly Buffer[] }>
type Office = Awaited<ReturnType<Offices['byNumber']>>

const coveredVenues = ({ offer: { venueIds }, venues }: ForSale): DocumentFacts['venues'] =>
  venueIds === undefined ? venues : venues.filter(({ id }) => venueIds.includes(id))

const viewOf = (contract: Contract, { offer, merchantName, documentSha256, acceptArbitration }: ShownTerms): ContractView => {
  const { total, used, left, blocked } = countUnits(contract)
  const { paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen, refundPaidFen, objectedFen } = contract
  return {
    ...contract,
    merchantName,
    productName: offer.name,
    documentSha256,
    acceptArbitration,
    sessions: { total: Number(total), used: Number(used), left: Number(left), blocked: Number(blocked) },
    money: { paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen, refundPayableFen: refundedFen - refundPaidFen, refundPaidFen, objectedFen }
  }
}

export const createContracts = ({ work, clock, vault, evidence, documents, ledger, timetable, offices, identity, products }: Dependencies) => {
  /** @throws not_found (404), also for a contract that is not the caller's to see */
  const find = async (tx: Tx, id: ContractId): Promise<Contract> => {
    const contract = await findContract(tx, id)
    if (!contract) throw notFound({})
    return contract
  }

  /** Locks one contract, the first of the fixed order of locks. @throws not_found (404) */
  const lock = async (tx: Tx, id: ContractId): Promise<Contract> => {
    const [contract] = await lockContracts(tx, [id])
    if (!contract) throw notFound({})
    return contract
  }

  /** Locks several contracts, in id order; every one must exist. */
  const lockMany = async (tx: Tx, ids: readonly ContractId[]): Promise<Map<ContractId, Contract>> => {
    const locked = new Map((await lockContracts(tx, ids)).map((contract) => [contract.id, contract]))
    invariant(locked.size === new Set(ids).size, 'a contract to lock is missing')
    return locked
  }

  /** Saves contracts that this transaction has locked. */
  const save = (tx: Tx, ...changed: readonly Contract[]): Promise<void> => updateContracts(tx, changed)

  /** The terms a contract froze at purchase. @throws not_found (404) */
  const offerOf = async (tx: Tx, id: ContractId): Promise<Offer> => {
    const terms = await findShownTerms(tx, id)
    if (!terms) throw notFound({})
    return z.decode(Offer, terms.offer)
  }

  /** The same of several contracts; every one must exist. */
  const offersOf = async (tx: Tx, ids: readonly ContractId[]): Promise<Map<ContractId, Offer>> =>
    new Map((await listOffers(tx, ids)).map(({ contractId, offer }) => [contractId, z.decode(Offer, offer)]))

  /** A contract as the wire shows it. */
  const view = async (tx: Tx, contract: Contract): Promise<ContractView> => {
    const terms = await findShownTerms(tx, contract.id)
    invariant(terms, `contract ${contract.id} has no terms`)
    return viewOf(contract, terms)
  }

  /** @throws identity_required (422) until the buyer has entered legal name and ID number */
  const buyerOf = async (tx: Tx, personId: Id<'per'>): Promise<Buyer> => {
    const { legalName, idNumber, idNumberIndex, idNumberIndexes } = await identity.personOf(tx, personId)
    if (legalName === undefined || idNumber === undefined || idNumberIndex === undefined) throw identityRequired({})
    return { particulars: { legalName, idNumber }, idNumberIndex, idNumberIndexes }
  }

  const beneficiaryIn = ({ beneficiarySealed }: { beneficiarySealed: string | null }): Beneficiary | null =>
    (beneficiarySealed === null ? null : JSON.parse(vault.open(beneficiarySealed, sealed.beneficiary)) as Beneficiary)

  /** Who uses what was bought, where it is not the buyer; for a party, as the caller sees it. @throws not_found (404) */
  const beneficiaryOf = (caller: Caller, id: ContractId): Promise<Beneficiary | null> => work.read(actorOf(caller), officeOf(id), async (tx) => {
    const terms = await findTerms(tx, id)
    if (!terms) throw notFound({})
    return beneficiaryIn(terms)
  })

  /** The office of an id. @throws not_found (404) where there is none of that number */
  const officeOfId = async (id: string): Promise<Office> => {
    const office = (await offices.list()).find(({ number }) => number === officeOf(id))
    if (!office) throw notFound({})
    return office
  }

  /** Checks the lease and, under the lock of the person's row, the cap. @throws outlasts_lease, cap_exceeded (422) */
  const checkPurchase = async (tx: Tx, { merchant, offer, venues }: ForSale, { idNumberIndexes }: Buyer, now: Date): Promise<DocumentFacts['cap']> => {
    products.checkLease(offer, venues, dateOf(now))
    const { value, source } = await products.capRules(tx, merchant.district, dateOf(now))
    const cap = { limitFen: value.balanceFenMax, source }
    checkBalance(await lockBalanceOfPerson(tx, merchant.id, idNumberIndexes), offer.priceFen, cap)
    return cap
  }

  /**
   * A consumer agrees to an offer: its terms are frozen, and the document that is to be signed is
   * written.
   * @throws not_found (404), product_not_listed, merchant_not_active, identity_required, outlasts_lease, cap_exceeded (422)
   */
  const create = async (command: Command, { productId, ...input }: NewContract): Promise<ContractView> => {
    const office = await officeOfId(productId)
    return work.writeOnce(command, office.number, ContractView, async (tx) => {
      const now = clock.now()
      const beneficiary = input.beneficiary ?? null
      const sale = await products.offerForSale(tx, productId)
      const { merchant, version, offer } = sale
      const buyer = await buyerOf(tx, command.caller.personId)
      const cap = await checkPurchase(tx, sale, buyer, now)

      const contract = agree({
        id: newId('ctr', tx.office), consumerId: command.caller.personId, merchantId: merchant.id, productId, productVersion: version, offer, now
      })
      await insertContract(tx, contract)
      const facts: DocumentFacts = {
        contractId: contract.id, madeAt: now, office, merchant, venues: coveredVenues(sale), consumer: buyer.particulars,
        beneficiary, productId, productVersion: version, offer, cap
      }
      const documentSha256 = await documents.make(tx, { kind: 'contract', subject: contract.id, contractId: contract.id, merchantId: merchant.id, sheet: documentOf(facts) })
      const terms = {
        officeId: tx.office, contractId: contract.id, offer: z.encode(Offer, offer), merchantName: merchant.name,
        idNumberIndex: buyer.idNumberIndex, acceptArbitration: null, signature: null, documentSha256,
        documentSealed: vault.seal(legalMeaningOf(facts), sealed.document),
        beneficiarySealed: beneficiary && vault.seal(JSON.stringify(beneficiary), sealed.beneficiary)
      }
      await insertTerms(tx, terms)
      await timetable.set(tx, awaitedDeadline, contract.id, after(now, awaitedMs))
      await evidence.appendFact(tx, {
        fact: 'contract-made', subject: contract.id, contractId: contract.id, merchantId: merchant.id, occurredAt: now,
        payload: { productId, productVersion: version, priceFen: contract.priceFen, units: contract.units, documentSha256, template: templateVersion }
      })
      return viewOf(contract, terms)
    })
  }

  /** The hash a signature is asked for. @throws not_found (404), wrong_state (409) once it is signed or cancelled */
  const documentToSign = (caller: Caller, id: ContractId): Promise<{ documentSha256: string }> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      checkSignable(await find(tx, id))
      const terms = await findShownTerms(tx, id)
      invariant(terms, `contract ${id} has no terms`)
      return { documentSha256: terms.documentSha256 }
    })

  const appendSigned = async (tx: Tx, { id: contractId, merchantId, consumerId, createdAt }: Contract, { challengeId, documentSha256 }: SigningAttempt, acceptArbitration: boolean, { address, salt }: SignedFrom, at: Date): Promise<void> => {
    const about = { subject: contractId, contractId, merchantId, occurredAt: at }
    const terms = await findTerms(tx, contractId)
    invariant(terms, `contract ${contractId} has no terms`)
    const told = legalMeaningIn(vault.open(terms.documentSealed, sealed.document))
    const addressHash = commitment(salt, address)
    await evidence.appendFact(tx, { ...about, fact: 'legal-meaning-told', payload: { documentSha256, toldSha256: sha256(told) } })
    if (needsGuardian({ beneficiary: beneficiaryIn(terms), madeAt: createdAt })) {
      await insertGuardianConsent(tx, { officeId: tx.office, contractId, guardianId: consumerId, textSha256: sha256(guardianConsent), givenAt: at })
      await evidence.appendFact(tx, { ...about, fact: 'guardian-consented', payload: { documentSha256, challengeId, consentSha256: sha256(guardianConsent) } })
    }
    await evidence.appendFact(tx, { ...about, fact: 'contract-signed', payload: { documentSha256, challengeId, addressHash, acceptArbitration } })
    await documents.askSeal(tx, 'contract', contractId, sealStatement({ documentSha256, challengeId, addressHash, acceptArbitration, at }))
  }

  /**
   * The consumer signs the document by a code that was asked for this very document. With the
   * signature the telling of its legal meaning is recorded.
   * @throws not_found (404), wrong_state (409), code_invalid, code_expired (422)
   */
  const signDocument = async (caller: Caller, id: ContractId, { challengeId, code, acceptArbitration }: Signature): Promise<ContractView> => {
    const { documentSha256 } = await documentToSign(caller, id)
    const attempt: SigningAttempt = { challengeId, code, personId: caller.personId, contractId: id, documentSha256 }
    await identity.verifySigning(attempt)
    return work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const contract = sign(before, now)
      await identity.useSigning(tx, attempt)
      await save(tx, contract)
      const { phone } = await identity.personOf(tx, caller.personId)
      const from: SignedFrom = { address: caller.request.address, salt: newSalt() }
      await updateSignature(tx, id, {
        acceptArbitration,
        signature: { challengeId, signedAt: now.toISOString(), address: from.address, addressSalt: from.salt, phoneMasked: maskedPhone(phone) }
      })
      await appendSigned(tx, contract, attempt, acceptArbitration, from, now)
      await timetable.set(tx, awaitedDeadline, id, after(now, awaitedMs))
      return view(tx, contract)
    })
  }

  /** Contracts the caller is a party or the notary of, newest first. */
  const list = async (caller: Caller, filter: ContractFilter): Promise<PageOf<ContractView>> => {
    const { status, merchantId, limit } = filter
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) =>
      listContracts(tx, { office: caller.office, status, merchantId }, positionOf(filter, ContractId), limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, ({ contract }) => contract.id)
    return { items: items.map(({ contract, terms }) => viewOf(contract, terms)), nextCursor }
  }

  /** @throws not_found (404) */
  const show = (caller: Caller, id: ContractId): Promise<ContractView> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => view(tx, await find(tx, id)))

  /**
   * The document: before the signature the exact bytes whose SHA-256 is signed, and after it the
   * same with the office's seal behind them. One of the first template is text, and was signed so.
   * @throws not_found (404)
   */
  const documentSeenBy = async (actor: Actor, id: ContractId): Promise<Readonly<{ bytes: Buffer; contentType: string }>> => {
    const text = await work.read(actor, officeOf(id), async (tx) => {
      const terms = await findTerms(tx, id)
      if (!terms) throw notFound({})
      return await documents.find(tx, 'contract', id) ? undefined : vault.open(terms.documentSealed, sealed.document)
    })
    return text === undefined
      ? { bytes: await documents.bytesSeenBy(actor, officeOf(id), 'contract', id), contentType: 'application/pdf' }
      : { bytes: Buffer.from(text), contentType: 'text/plain; charset=utf-8' }
  }

  /** The same for the caller. @throws not_found (404) */
  const document = (caller: Caller, id: ContractId) => documentSeenBy(actorOf(caller), id)

  /** The documents of a contract and how far their making has come, oldest first. @throws not_found (404) */
  const documentsOf = async (caller: Caller, id: ContractId): Promise<{ items: DocumentView[]; nextCursor: null }> => {
    await work.read(actorOf(caller), officeOf(id), (tx) => find(tx, id))
    return documents.list(caller, id)
  }

  /**
   * Every ledger line of a contract, oldest first. Whether the caller may see the contract its own
   * role decides; the lines name accounts whose balances no party may read, so they are read in the
   * service's.
   * @throws not_found (404)
   */
  const statement = (caller: Caller, id: ContractId): Promise<PageOf<StatementLine>> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      await find(tx, id)
      return { items: await inRole(tx, 'worker', (asWorker) => ledger.statementOf(asWorker, id)), nextCursor: null }
    })

  timetable.on(expiryDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await lock(tx, ContractId.parse(subject))
    if (!(await take(tx))) return
    // One that is used up is looked at again while a void could bring it back.
    if (mayRevive(before)) await timetable.set(tx, expiryDeadline, before.id, after(at, dayMs))
    if (!isToExpire(before, at)) return
    const contract = expire(before, at)
    await save(tx, contract)
    await evidence.appendFact(tx, {
      fact: 'contract-expired', subject: contract.id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: at,
      payload: { heldFen: contract.heldFen, unitsUsed: contract.unitsUsed }
    })
  }))

  return {
    find, lock, lockMany, save, buyerOf, beneficiaryOf, offerOf, offersOf, view, create, documentToSign, signDocument, list, show, document, documentSeenBy, documentsOf, statement,
    /** For handing over: a person's whole balance at a merchant, under the lock of their row, and who holds a contract from now on. */
    lockBalance: lockBalanceOfPerson, replaceHolder: (tx: Tx, { id }: Contract, holder: Holder): Promise<void> => updateHolder(tx, id, holder),
    /** For closure mode: freeze all of a merchant's contracts, and find those still to be ended. */
    freezeOf: freezeContractsOf, listToClose: listContractsToClose, countToClose: countContractsToClose
  }
}

export type Contracts = ReturnType<typeof createContracts>
