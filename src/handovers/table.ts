import { sql } from 'drizzle-orm'
import { boolean, check, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { contracts } from '../contracts/table.js'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofMerchant, ofOffice } from '../db/policies.js'
import type { HandoverSignature, HandoverStatus, StandingWire } from './model.js'

const ofEither = sql`from_id = ${context.person} or to_id = ${context.person}`

/** Contracts handed from one consumer to another: who held a contract until when stands here. */
export const handovers = pgTable('handovers', {
  officeId: officeId(),
  id: id('id', 'hov').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  status: text('status').$type<HandoverStatus>().notNull(),
  fromId: id('from_id', 'per').notNull(),
  toId: id('to_id', 'per').notNull(),
  /** masked */
  toPhone: text('to_phone').notNull(),
  confirmsReleases: boolean('confirms_releases').notNull(),
  /** the document as it was last made, and the contract's version it was made on */
  documentSubject: text('document_subject'),
  documentSha256: text('document_sha256'),
  documentVersion: integer('document_version'),
  /** how the new holder signed */
  signature: jsonb('signature').$type<HandoverSignature>(),
  /** what was handed over */
  standing: jsonb('standing').$type<StandingWire>(),
  createdAt: instant('created_at').notNull(),
  lapsesAt: instant('lapses_at').notNull(),
  decidedAt: instant('decided_at')
}, (t) => [
  primaryKey({ name: 'handovers_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'handovers_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('handovers_of_contract').on(t.officeId, t.contractId),
  index('handovers_from').on(t.fromId),
  index('handovers_to').on(t.toId),
  uniqueIndex('handovers_one_open_per_contract').on(t.officeId, t.contractId).where(sql`${t.status} = 'offered'`),
  check('handovers_status', sql`${t.status} in ('offered', 'accepted', 'declined', 'cancelled', 'lapsed')`),
  check('handovers_two_people', sql`${t.fromId} <> ${t.toId}`),
  check('handovers_signed', sql`${t.status} <> 'accepted' or (${t.signature} is not null and ${t.documentSha256} is not null and ${t.standing} is not null and ${t.decidedAt} is not null)`),
  allow('handovers', 'select', ['consumer'], ofEither),
  allow('handovers', 'insert', ['consumer'], sql`from_id = ${context.person} and ${ofOffice}`),
  ...allowAll('handovers', ['select'], ['merchant'], ofMerchant),
  ...allowAll('handovers', ['select'], ['notary'], ofOffice),
  ...allowAll('handovers', ['select', 'insert', 'update'], ['worker'], ofOffice)
])
