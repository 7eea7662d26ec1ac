import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgTable, primaryKey, smallint, text, unique, uuid } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import type { LedgerEvent, OwnAccountKind, AccountKind } from './model.js'

/*
 * Ids are time-ordered, so transfers and entries can be partitioned by range of (office_id, id)
 * later: nothing but entries refers to transfers, and no uniqueness beyond the keys lives here.
 */

/** Accounts that have a row of their own; a contract's balances are in the contract's row. */
export const accounts = pgTable('accounts', {
  officeId: officeId(),
  id: id('id', 'acc').notNull(),
  kind: text('kind').$type<OwnAccountKind>().notNull(),
  /** What it is of: an id, or a name such as a channel's. */
  of: text('of').notNull(),
  /** the merchant who may see it */
  merchantId: id('merchant_id', 'mer'),
  balanceFen: fen('balance_fen').notNull(),
  version: integer('version').notNull()
}, (t) => [
  primaryKey({ name: 'accounts_pk', columns: [t.officeId, t.id] }),
  unique('accounts_one_per_name').on(t.officeId, t.kind, t.of),
  index('accounts_of_merchant').on(t.officeId, t.merchantId).where(sql`${t.merchantId} is not null`),
  check('accounts_not_below_zero', sql`${t.balanceFen} >= 0 or ${t.kind} = 'clearing'`),
  ...allowAll('accounts', ['select'], ['notary', 'worker', 'bureau']),
  ...allowAll('accounts', ['insert', 'update'], ['notary', 'worker']),
  allow('accounts', 'select', ['merchant'], ofMerchant),
  // A void on a contract that has ended credits a refund instead of held.
  ...allowAll('accounts', ['insert', 'update'], ['merchant'], sql`${ofMerchant} and kind = 'refund_payable'`)
])

/** Why money moved. Append-only: no role has UPDATE or DELETE. */
export const transfers = pgTable('transfers', {
  officeId: officeId(),
  id: id('id', 'trf').notNull(),
  event: text('event').$type<LedgerEvent>().notNull(),
  reference: text('reference').notNull(),
  contractId: id('contract_id', 'ctr'),
  merchantId: id('merchant_id', 'mer'),
  personId: id('person_id', 'per'),
  debitFen: fen('debit_fen').notNull(),
  creditFen: fen('credit_fen').notNull(),
  /** when it happened */
  occurredAt: instant('occurred_at').notNull(),
  /** when it was booked */
  bookedAt: instant('booked_at').notNull()
}, (t) => [
  primaryKey({ name: 'transfers_pk', columns: [t.officeId, t.id] }),
  // What a bank's statement may name. Partial, so that redemptions pay nothing for it.
  index('transfers_at_bank').on(t.officeId, t.reference).where(sql`${t.event} in ('channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed', 'refund-returned', 'receipt-returned')`),
  check('transfers_balance', sql`${t.debitFen} = ${t.creditFen} and ${t.debitFen} > 0`),
  ...allowAll('transfers', ['select'], ['notary', 'bureau', 'worker', 'redeemer']),
  // Who sees a line of a contract sees why it moved; the join to entries does the rest.
  ...allowAll('transfers', ['select'], ['consumer', 'merchant'], sql`exists (select 1 from entries e where e.office_id = transfers.office_id and e.transfer_id = transfers.id)`),
  ...allowAll('transfers', ['insert'], ['consumer', 'merchant', 'notary', 'worker', 'redeemer'])
])

/** The lines of transfers, each with its account's balance after it. Append-only. */
export const entries = pgTable('entries', {
  officeId: officeId(),
  transferId: id('transfer_id', 'trf').notNull(),
  line: smallint('line').notNull(),
  kind: text('kind').$type<AccountKind>().notNull(),
  /** null for a contract's own accounts */
  accountId: uuid('account_id'),
  contractId: id('contract_id', 'ctr'),
  /** 'D' or 'C' */
  side: text('side').$type<'D' | 'C'>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  /** in the account's own direction: assets by debit, liabilities by credit */
  balanceAfterFen: fen('balance_after_fen').notNull(),
  bookedAt: instant('booked_at').notNull()
}, (t) => [
  primaryKey({ name: 'entries_pk', columns: [t.officeId, t.transferId, t.line] }),
  foreignKey({ name: 'entries_transfer', columns: [t.officeId, t.transferId], foreignColumns: [transfers.officeId, transfers.id] }),
  index('entries_by_contract').on(t.officeId, t.contractId, t.transferId).where(sql`${t.contractId} is not null`),
  index('entries_by_account').on(t.officeId, t.accountId, t.bookedAt).where(sql`${t.accountId} is not null`),
  check('entries_side', sql`${t.side} in ('D', 'C')`),
  check('entries_amount_positive', sql`${t.amountFen} > 0`),
  check('entries_not_below_zero', sql`${t.balanceAfterFen} >= 0 or ${t.kind} = 'clearing'`),
  check('entries_of_something', sql`(${t.kind} in ('held', 'disputed', 'pending')) = (${t.accountId} is null) and (${t.accountId} is not null or ${t.contractId} is not null)`),
  ...allowAll('entries', ['select'], ['notary', 'bureau', 'worker', 'redeemer'], ofOffice),
  ...allowAll('entries', ['select'], ['consumer', 'merchant'], sql`contract_id is not null and ${ofVisibleContract('entries')}`),
  ...allowAll('entries', ['insert'], ['consumer', 'merchant', 'notary', 'worker', 'redeemer'], ofOffice)
])

/**
 * Sums of the journal by kind of account and hour (totals.ts), of the transfers from behind one id
 * up to another. Made of the entries and checked against them. Append-only.
 */
export const journalTotals = pgTable('journal_totals', {
  officeId: officeId(),
  fromId: uuid('from_id').notNull(),
  untilId: uuid('until_id').notNull(),
  kind: text('kind').$type<AccountKind>().notNull(),
  /** the hour (UTC) it was booked in */
  bookedHour: instant('booked_hour').notNull(),
  /** the hour it happened in */
  occurredHour: instant('occurred_hour').notNull(),
  debitFen: fen('debit_fen').notNull(),
  creditFen: fen('credit_fen').notNull()
}, (t) => [
  primaryKey({ name: 'journal_totals_pk', columns: [t.officeId, t.untilId, t.kind, t.bookedHour, t.occurredHour] }),
  // Behind one id there is one stretch: two processes cannot sum the same transfers twice.
  unique('journal_totals_once').on(t.officeId, t.fromId, t.kind, t.bookedHour, t.occurredHour),
  index('journal_totals_by_booking').on(t.officeId, t.bookedHour),
  index('journal_totals_by_event').on(t.officeId, t.occurredHour),
  ...allowAll('journal_totals', ['select'], ['notary', 'bureau', 'worker'], ofOffice),
  ...allowAll('journal_totals', ['insert'], ['worker'], ofOffice)
])
