import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { DisputeGround, DisputeStage } from './model.js'

export const disputes = pgTable('disputes', {
  officeId: officeId(),
  id: id('id', 'dsp').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  claimant: text('claimant').$type<'consumer' | 'merchant'>().notNull(),
  stage: text('stage').$type<DisputeStage>().notNull(),
  ground: text('ground').$type<DisputeGround>().notNull(),
  statement: text('statement').notNull(),
  claimFen: fen('claim_fen').notNull(),
  frozenFen: fen('frozen_fen').notNull(),
  openedAt: instant('opened_at').notNull(),
  deadlineAt: instant('deadline_at').notNull(),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'disputes_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'disputes_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('disputes_of_contract').on(t.officeId, t.contractId),
  uniqueIndex('disputes_one_open_per_contract').on(t.officeId, t.contractId).where(sql`${t.endedAt} is null`),
  check('disputes_stage', sql`${t.stage} in ('negotiation', 'mediation', 'arbitration', 'decided', 'settled', 'withdrawn', 'lapsed', 'executed')`),
  ...allowAll('disputes', ['select'], ['consumer'], ofVisibleContract('disputes')),
  ...allowAll('disputes', ['select'], ['merchant'], ofMerchant),
  ...allowAll('disputes', ['select'], ['notary', 'operator'], ofOffice),
  ...allowAll('disputes', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/**
 * Money that is frozen, by where it came from: by a dispute, or by a refund that left open what
 * hangs on an objection, until that is answered or becomes a dispute.
 */
export const freezeLines = pgTable('freeze_lines', {
  officeId: officeId(),
  id: id('id', 'frz').notNull(),
  /** null: frozen by a refund, and no dispute has taken it up */
  disputeId: id('dispute_id', 'dsp'),
  contractId: id('contract_id', 'ctr').notNull(),
  source: text('source').$type<'held' | 'pending'>().notNull(),
  /** the release a pending line came from */
  releaseId: id('release_id', 'red'),
  amountFen: fen('amount_fen').notNull(),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'freeze_lines_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'freeze_lines_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('freeze_lines_of_dispute').on(t.officeId, t.disputeId),
  index('freeze_lines_of_contract').on(t.officeId, t.contractId),
  check('freeze_lines_amount', sql`${t.amountFen} > 0`),
  ...allowAll('freeze_lines', ['select'], ['consumer', 'merchant'], ofVisibleContract('freeze_lines')),
  ...allowAll('freeze_lines', ['select'], ['notary'], ofOffice),
  ...allowAll('freeze_lines', ['select', 'insert', 'update'], ['worker'], ofOffice)
])
