import { ContractId, type Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { depositCertificateOf } from '../documents/deposit-certificate.js'
import type { DocumentKind, Sheet } from '../documents/model.js'
import type { Documents } from '../documents/service.js'
import type { Issue } from '../documents/wording.js'
import type { Evidence } from '../evidence/service.js'
import type { Identity } from '../identity/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import type { Timetable } from '../timetable/service.js'
import type { CertificateCheck, CertificateNumber, CertificateView, Revocation } from './model.js'
import { pageHeaders, pageOf } from './page.js'
import { numberOf, officeIn, proposeRevocation as proposed, revoke as revoked } from './rules.js'
import { findCertificate, findCertificateOf, insertCertificate, lockCertificate, lockIssuance, nextPlace, updateRevocation, type LockedCertificate } from './store.js'

type Place = NonNullable<CertificateCheck['evidence']>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'view'>
  documents: Documents
  evidence: Evidence
  identity: Pick<Identity, 'personOf'>
  merchants: Pick<Merchants, 'find'>
  offices: Offices
  timetable: Timetable
  /** Where the log has the making of a document, by its subject; null until it has a place. */
  placeOf: (office: number, subject: string) => Promise<Place | null>
  /** the address people reach the service at, without a slash at its end */
  publicUrl: string
}>

type Office = Awaited<ReturnType<Offices['byNumber']>>
type Subject = Readonly<{ kind: DocumentKind; about: string; contractId: Id<'ctr'> | null; merchantId: Id<'mer'> | null }>

/** An answer whose form depends on who asks: a browser or a program. */
type Answer = Readonly<{ type: string; headers: Record<string, string>; body: unknown }>

const depositDeadline = 'deposit-certificate'
const deposit: DocumentKind = 'deposit_certificate'

export const createCertificates = ({ work, clock, contracts, documents, evidence, identity, merchants, offices, timetable, placeOf, publicUrl }: Dependencies) => {
  /** Gives the next number, once for each thing, and asks for the document. @returns the number */
  const issue = async (tx: Tx, { kind, about, contractId, merchantId }: Subject, sheetOf: (issue: Issue, office: Office) => Sheet): Promise<CertificateNumber> => {
    await lockIssuance(tx, kind, about)
    const known = await findCertificateOf(tx, kind, about)
    if (known) return known.number
    const office = await offices.byNumber(tx.office)
    const now = clock.now()
    const year = dateOf(now).slice(0, 4)
    const number = numberOf({ year, office: tx.office, place: await nextPlace(tx, year) })
    await insertCertificate(tx, { number, kind, about, contractId, merchantId, issuedAt: now })
    const sheet = sheetOf({ number, url: `${publicUrl}/v1/certificates/${number}`, officeName: office.name, at: now }, office)
    await documents.ask(tx, { kind, subject: number, contractId, merchantId, sheet }, `${sheet.title}，编号 ${number}`)
    return number
  }

  const issueDeposit = async (tx: Tx, contract: Contract): Promise<CertificateNumber> => {
    const { id, consumerId, merchantId, paidAt } = contract
    invariant(paidAt, `contract ${id} was not paid`)
    const { productName, documentSha256 } = await contracts.view(tx, contract)
    const { legalName = '', idNumber = '' } = await identity.personOf(tx, consumerId)
    const { name, creditCode } = await merchants.find(tx, merchantId)
    return issue(tx, { kind: deposit, about: id, contractId: id, merchantId }, (issue, account) => depositCertificateOf({
      issue, contractId: id, productName, documentSha256, depositor: { legalName, idNumber }, recipient: { name, creditCode },
      amountFen: contract.priceFen, account, receivedAt: paidAt, creditedAt: contract.depositedAt,
      release: contract.release, objectionHours: contract.objectionHours, coolingOffUntil: contract.coolingOffUntil
    }))
  }

  /** Called in the transaction in which contracts are paid: their certificates are issued right after. */
  const depositsBooked = (tx: Tx, paid: readonly Contract[]): Promise<void> => timetable.setAll(tx, depositDeadline, paid.map(({ id }) => id), clock.now())

  const issueDepositOf = (office: number, id: ContractId): Promise<CertificateNumber> =>
    work.write(worker, office, async (tx) => issueDeposit(tx, await contracts.find(tx, id)))

  timetable.on(depositDeadline, async ({ office, subject, take }) => {
    await issueDepositOf(office, ContractId.parse(subject))
    await work.write(worker, office, take)
  })

  /**
   * The deposit certificate of a contract that was paid, sealed. It is made now if the job has not
   * come to it yet.
   * @throws not_found (404), wrong_state (409) before it is paid, unavailable (503) while it cannot be sealed
   */
  const depositCertificate = async (caller: Caller, id: ContractId): Promise<Readonly<{ number: CertificateNumber; bytes: Buffer }>> => {
    const office = officeOf(id)
    const number = await work.read(actorOf(caller), office, async (tx) => {
      const { status, paidAt } = await contracts.find(tx, id)
      if (paidAt === null) throw wrongState({ state: status, allowed: ['active', 'completed', 'terminated', 'expired'] })
      return (await findCertificateOf(tx, deposit, id))?.number
    }) ?? await issueDepositOf(office, id)
    return { number, bytes: await documents.certificateBytes(caller, office, deposit, number) }
  }

  /** @throws not_found (404) */
  const checkedOf = async (number: CertificateNumber, officeId: Id<'off'> | undefined): Promise<CertificateCheck> => {
    const office = officeIn(number)
    if ((officeId !== undefined && officeOf(officeId) !== office) || !(await offices.findByNumber(office))) throw notFound({})
    // Anyone may ask, so no end's role decides what is seen: only these fields leave.
    const found = await work.read(worker, office, async (tx) => {
      const certificate = await findCertificate(tx, number)
      return certificate && { certificate, document: await documents.find(tx, certificate.kind, number) }
    })
    if (!found) throw notFound({})
    const { certificate: { kind, issuedAt, status, revocation }, document } = found
    return {
      number, kind, issuedAt, status, revokedAt: revocation?.revokedAt ?? null,
      documentSha256: document?.documentSha256 ?? null, sealedSha256: document?.sealedSha256 ?? null,
      evidence: await placeOf(office, number)
    }
  }

  /** The public check: a page for whoever accepts HTML before JSON. @throws not_found (404) */
  const check = async (number: CertificateNumber, officeId: Id<'off'> | undefined, accept: string | undefined): Promise<Answer> => {
    const checked = await checkedOf(number, officeId)
    return accept?.includes('text/html')
      ? { type: 'text/html; charset=utf-8', headers: pageHeaders, body: pageOf(checked) }
      : { type: 'application/json; charset=utf-8', headers: { vary: 'accept', 'cache-control': 'no-store' }, body: checked }
  }

  const changing = (caller: Caller, number: CertificateNumber, change: (tx: Tx, locked: LockedCertificate) => Promise<CertificateView>): Promise<CertificateView> =>
    work.write(actorOf(caller), officeIn(number), async (tx) => {
      const locked = await lockCertificate(tx, number)
      if (!locked) throw notFound({})
      const certificate = await change(tx, locked)
      await updateRevocation(tx, certificate)
      return certificate
    })

  /** A certificate as the office sees it. @throws not_found (404) */
  const show = (caller: Caller, number: CertificateNumber): Promise<CertificateView> =>
    work.read(actorOf(caller), officeIn(number), async (tx) => {
      const certificate = await findCertificate(tx, number)
      if (!certificate) throw notFound({})
      return certificate
    })

  /** One notary proposes to revoke a certificate; a later proposal takes an earlier one's place. @throws not_found (404), wrong_state (409) */
  const proposeRevocation = (caller: Caller, number: CertificateNumber, { reason }: Revocation): Promise<CertificateView> =>
    changing(caller, number, async (_, { certificate }) => proposed(certificate, reason, { by: caller.personId, at: clock.now() }))

  /** Another notary revokes it. @throws not_found (404), wrong_state (409), same_person (403) */
  const revoke = (caller: Caller, number: CertificateNumber): Promise<CertificateView> =>
    changing(caller, number, async (tx, { certificate, contractId, merchantId }) => {
      const now = clock.now()
      const after = revoked(certificate, { by: caller.personId, at: now })
      await evidence.appendFact(tx, {
        fact: 'certificate-revoked', subject: number, contractId: contractId ?? undefined, merchantId: merchantId ?? undefined, occurredAt: now, payload: { kind: certificate.kind }
      })
      return after
    })

  return { issue, depositsBooked, depositCertificate, check, show, proposeRevocation, revoke }
}

export type Certificates = ReturnType<typeof createCertificates>
