import { and, eq, sql } from 'drizzle-orm'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import type { DocumentKind } from '../documents/model.js'
import { uuidOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { CertificateNumber, CertificateView } from './model.js'
import { certificates, certificateSeries } from './table.js'

type Row = typeof certificates.$inferSelect

const viewOf = ({ number, kind, about, issuedAt, status, reason, proposedBy, proposedAt, revokedBy, revokedAt }: Row): CertificateView => ({
  number, kind, about, issuedAt, status,
  revocation: reason === null || proposedBy === null || proposedAt === null ? null : { reason, proposedBy, proposedAt, revokedBy, revokedAt }
})

/** The next place in an office's series; whoever asks meanwhile waits until this transaction has ended. */
export const nextPlace = async ({ db, office }: Tx, year: string): Promise<number> => {
  const [row] = await db.insert(certificateSeries).values({ officeId: office, year, last: 1 })
    .onConflictDoUpdate({ target: [certificateSeries.officeId, certificateSeries.year], set: { last: sql`${certificateSeries.last} + 1` } })
    .returning({ last: certificateSeries.last })
  invariant(row, 'a series gave no number')
  return row.last
}

export type NewCertificate = Readonly<{
  number: CertificateNumber; kind: DocumentKind; about: string; contractId: Id<'ctr'> | null; merchantId: Id<'mer'> | null; issuedAt: Date
}>

export const insertCertificate = async ({ db, office }: Tx, certificate: NewCertificate): Promise<void> => {
  await db.insert(certificates).values({ ...certificate, officeId: office, status: 'valid' })
}

const ofNumber = (office: number, number: CertificateNumber) => and(eq(certificates.officeId, office), eq(certificates.number, number))

export const findCertificate = async ({ db, office }: Tx, number: CertificateNumber): Promise<CertificateView | undefined> =>
  (await db.select().from(certificates).where(ofNumber(office, number))).map(viewOf)[0]

const certificateAbout = prepared('find_certificate_of', (db) => db.select().from(certificates)
  .where(and(eq(certificates.officeId, sql.placeholder('office')), eq(certificates.kind, sql.placeholder('kind')), eq(certificates.about, sql.placeholder('about')))))

export const findCertificateOf = async (tx: Tx, kind: DocumentKind, about: string): Promise<CertificateView | undefined> =>
  (await certificateAbout(tx, { kind, about })).map(viewOf)[0]

export type LockedCertificate = Readonly<{ certificate: CertificateView; contractId: Id<'ctr'> | null; merchantId: Id<'mer'> | null }>

export const lockCertificate = async ({ db, office }: Tx, number: CertificateNumber): Promise<LockedCertificate | undefined> =>
  (await db.select().from(certificates).where(ofNumber(office, number)).for('update'))
    .map((row) => ({ certificate: viewOf(row), contractId: row.contractId, merchantId: row.merchantId }))[0]

export const updateRevocation = async ({ db, office }: Tx, { number, status, revocation }: CertificateView): Promise<void> => {
  await db.update(certificates).set({ status, ...revocation }).where(ofNumber(office, number))
}

/** One issuance of a certificate about a thing at a time: the second waits, and finds it. */
export const lockIssuance = async ({ client, office }: Tx, kind: DocumentKind, about: string): Promise<void> => {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`certificate ${office} ${kind} ${uuidOf(about)}`])
}
