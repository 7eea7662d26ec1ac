import { sql } from 'drizzle-orm'
import { bigint, index, jsonb, pgTable, primaryKey, smallint, text, unique } from 'drizzle-orm/pg-core'
import { bytes, id, instant, officeId } from '../db/columns.js'
import type { HashName, Openings } from './model.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'

/**
 * The evidence log's entries, in no order yet: a sequencer gives them their places in the Merkle
 * log in rows of their own. The public leaf is the SHA-256 of `entry`. Append-only.
 */
export const evidenceEntries = pgTable('evidence_entries', {
  officeId: officeId(),
  id: id('id', 'evd').notNull(),
  fact: text('fact').notNull(),
  subject: text('subject').notNull(),
  transferId: id('transfer_id', 'trf'),
  contractId: id('contract_id', 'ctr'),
  merchantId: id('merchant_id', 'mer'),
  /** RFC 8785 canonical JSON */
  entry: text('entry').notNull(),
  /** what opens the commitments of an entry about many contracts, by contract */
  openings: jsonb('openings').$type<Openings>(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_entries_pk', columns: [t.officeId, t.id] }),
  ...allowAll('evidence_entries', ['select'], ['notary', 'worker', 'redeemer'], ofOffice),
  ...allowAll('evidence_entries', ['select'], ['consumer'], sql`contract_id is not null and ${ofVisibleContract('evidence_entries')}`),
  ...allowAll('evidence_entries', ['select'], ['merchant'], ofMerchant),
  ...allowAll('evidence_entries', ['insert'],
    ['consumer', 'merchant', 'notary', 'operator', 'adjudicator', 'worker', 'redeemer'], ofOffice)
])

const treeSize = () => bigint('tree_size', { mode: 'number' }).notNull()

/** An office's log, from its first checkpoint on. Public. */
export const evidenceLogs = pgTable('evidence_logs', {
  officeId: officeId(),
  origin: text('origin').notNull(),
  hash: text('hash').$type<HashName>().notNull(),
  /** C2SP signed-note verifier key */
  verifierKey: text('verifier_key').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_logs_pk', columns: [t.officeId] }),
  ...allowAll('evidence_logs', ['select'], ['anyone', 'worker'], ofOffice),
  ...allowAll('evidence_logs', ['insert'], ['worker'], ofOffice)
])

/** The keys an office signs with: its checkpoints, and the time-stamps of its own authority. */
export const evidenceKeys = pgTable('evidence_keys', {
  officeId: officeId(),
  purpose: text('purpose').$type<'checkpoints' | 'timestamps'>().notNull(),
  /** PKCS#8, PEM; sealed */
  keySealed: text('key_sealed').notNull(),
  /** the authority's certificate and its issuer's, PEM */
  certificates: text('certificates'),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_keys_pk', columns: [t.officeId, t.purpose] }),
  ...allowAll('evidence_keys', ['select', 'insert'], ['worker'], ofOffice)
])

/**
 * The places that the sequencer gave to entries: rows of their own, so that an entry is never
 * touched again. The subject is repeated here to be looked up by, which the hot table has no index
 * for. Append-only.
 */
export const evidencePositions = pgTable('evidence_positions', {
  officeId: officeId(),
  leafIndex: bigint('leaf_index', { mode: 'number' }).notNull(),
  entryId: id('entry_id', 'evd').notNull(),
  subject: text('subject').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_positions_pk', columns: [t.officeId, t.leafIndex] }),
  unique('evidence_positions_once_per_entry').on(t.officeId, t.entryId),
  index('evidence_positions_of_subject').on(t.officeId, t.subject, t.leafIndex),
  ...allowAll('evidence_positions', ['select'], ['notary'], ofOffice),
  // Whoever may see the entry may see its place.
  ...allowAll('evidence_positions', ['select'], ['consumer', 'merchant'],
    sql`exists (select 1 from evidence_entries e where e.office_id = evidence_positions.office_id and e.id = evidence_positions.entry_id)`),
  ...allowAll('evidence_positions', ['select', 'insert'], ['worker'], ofOffice)
])

/** The Merkle tree's hashes (tree.ts): derived from the entries, and rebuilt from them if need be. A full tile never changes. */
export const evidenceTiles = pgTable('evidence_tiles', {
  officeId: officeId(),
  level: smallint('level').notNull(),
  index: bigint('index', { mode: 'number' }).notNull(),
  hashes: bytes('hashes').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_tiles_pk', columns: [t.officeId, t.level, t.index] }),
  ...allowAll('evidence_tiles', ['select'], ['anyone'], ofOffice),
  ...allowAll('evidence_tiles', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** What the log said of itself, each time it grew. Append-only. */
export const evidenceCheckpoints = pgTable('evidence_checkpoints', {
  officeId: officeId(),
  treeSize: treeSize(),
  root: bytes('root').notNull(),
  /** the signed note, as it is served */
  note: text('note').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_checkpoints_pk', columns: [t.officeId, t.treeSize] }),
  ...allowAll('evidence_checkpoints', ['select'], ['anyone'], ofOffice),
  ...allowAll('evidence_checkpoints', ['select', 'insert'], ['worker'], ofOffice)
])

/** RFC 3161 tokens over checkpoints' notes. Append-only. */
export const evidenceTimestamps = pgTable('evidence_timestamps', {
  officeId: officeId(),
  treeSize: treeSize(),
  authority: text('authority').notNull(),
  /** DER, ContentInfo */
  token: bytes('token').notNull(),
  genTime: instant('gen_time').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_timestamps_pk', columns: [t.officeId, t.treeSize] }),
  ...allowAll('evidence_timestamps', ['select'], ['anyone'], ofOffice),
  ...allowAll('evidence_timestamps', ['select', 'insert'], ['worker'], ofOffice)
])

/** By whom else checkpoints are signed: witnesses that saw this history and no other (C2SP tlog-cosignature). Append-only. */
export const evidenceCosignatures = pgTable('evidence_cosignatures', {
  officeId: officeId(),
  treeSize: treeSize(),
  /** the name of the witness's key */
  witness: text('witness').notNull(),
  /** the signature line, as it stands in a signed note */
  line: text('line').notNull(),
  /** when the witness says that it signed */
  cosignedAt: instant('cosigned_at').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_cosignatures_pk', columns: [t.officeId, t.treeSize, t.witness] }),
  ...allowAll('evidence_cosignatures', ['select'], ['anyone'], ofOffice),
  ...allowAll('evidence_cosignatures', ['select', 'insert'], ['worker'], ofOffice)
])

/** Where checkpoints were written outside. Append-only. */
export const evidenceAnchors = pgTable('evidence_anchors', {
  officeId: officeId(),
  treeSize: treeSize(),
  chain: text('chain').notNull(),
  /** such as the transaction's hash */
  reference: text('reference').notNull(),
  anchoredAt: instant('anchored_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_anchors_pk', columns: [t.officeId, t.treeSize, t.chain] }),
  ...allowAll('evidence_anchors', ['select'], ['anyone'], ofOffice),
  ...allowAll('evidence_anchors', ['select', 'insert'], ['worker'], ofOffice)
])
