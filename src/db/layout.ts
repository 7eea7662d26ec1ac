/*
 * Where each table lives when the database is a Citus cluster. Every table with an `office_id` is
 * distributed by it, all of them co-located: an office is one shard of each, on one node, and a
 * transaction never leaves it. The others are named here; test/architecture/distribution.test.ts
 * holds the lists against the catalogue, so that a new table has its place from its first day.
 */

/** Read beside office data everywhere and seldom written: a copy on every node. */
export const referenceTables = ['memberships', 'offices', 'people', 'rules'] as const

/** Written often and never beside office data in one statement: on the coordinator only. */
export const coordinatorTables = [
  'challenges', 'retained_particulars', 'second_factors', 'sessions', 'sign_ins', 'staff_proposals',
  'sandbox_bank_answers', 'sandbox_bank_entries', 'sandbox_bank_orders', 'sandbox_clock', 'sandbox_messages', 'sandbox_orders', 'sandbox_refunds', 'sandbox_transactions'
] as const

export const distributionColumn = 'office_id'

/** How many shards the offices are spread over: many more than nodes, so that one can be moved without many others. */
export const shardCount = 64
