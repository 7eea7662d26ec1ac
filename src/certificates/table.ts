import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import type { DocumentKind } from '../documents/model.js'
import type { CertificateStatus } from './model.js'

/** The last number given in an office's series of a year. The row is locked while one is given, so that none is missing. */
export const certificateSeries = pgTable('certificate_series', {
  officeId: officeId(),
  year: text('year').notNull(),
  last: integer('last').notNull()
}, (t) => [
  primaryKey({ name: 'certificate_series_pk', columns: [t.officeId, t.year] }),
  ...allowAll('certificate_series', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** Certificates the office issued. Their documents are kept under their number; nothing but a revocation changes them. */
export const certificates = pgTable('certificates', {
  officeId: officeId(),
  number: text('number').notNull(),
  kind: text('kind').$type<DocumentKind>().notNull(),
  /** the id of what it certifies */
  about: text('about').notNull(),
  contractId: id('contract_id', 'ctr'),
  merchantId: id('merchant_id', 'mer'),
  status: text('status').$type<CertificateStatus>().notNull(),
  issuedAt: instant('issued_at').notNull(),
  /** why it is, or is proposed to be, revoked */
  reason: text('reason'),
  proposedBy: id('proposed_by', 'per'),
  proposedAt: instant('proposed_at'),
  revokedBy: id('revoked_by', 'per'),
  revokedAt: instant('revoked_at')
}, (t) => [
  primaryKey({ name: 'certificates_pk', columns: [t.officeId, t.number] }),
  unique('certificates_once').on(t.officeId, t.kind, t.about),
  index('certificates_of_contract').on(t.officeId, t.contractId),
  check('certificates_status', sql`${t.status} in ('valid', 'revoked')`),
  check('certificates_revoked_by_two', sql`${t.status} <> 'revoked' or (${t.reason} is not null and ${t.revokedAt} is not null and ${t.proposedBy} <> ${t.revokedBy})`),
  ...allowAll('certificates', ['select'], ['consumer'], sql`contract_id is not null and ${ofVisibleContract('certificates')}`),
  ...allowAll('certificates', ['select'], ['merchant'], ofMerchant),
  ...allowAll('certificates', ['select', 'update'], ['notary'], ofOffice),
  ...allowAll('certificates', ['select', 'insert'], ['worker'], ofOffice)
])
