import { idOf, newId, uuidOf, uuidOrNull, type Id } from '../kernel/id.js'
import { bytes, hexes, instants, integers, jsons, uuids, words } from '../db/arrays.js'
import type { Client, Row } from '../db/client.js'
import { officeStatement } from '../db/cluster.js'
import type { MerchantId, VenueId } from '../merchants/model.js'
import { remainderDeadline, type CheckInCode, type ContractAtDoor, type Release } from './model.js'

/*
 * The hot path's SQL: four statements and a commit for a whole batch of redemptions. Everything is
 * looked up by `office_id = $1 and one_column = any($2)` and written by one statement.
 *
 * It names tables of several features, which nothing else may: the one place where a set-based
 * statement is worth it (docs/decisions/0005).
 */

const run = async <Result extends Row>(client: Client, name: string, text: string, values: unknown[]): Promise<Result[]> =>
  (await client.query<Result>({ name, text, values })).rows

const contractText = `
select encode(k.code_hash, 'hex') as code_hash, k.short_code, k.merchant_id as code_merchant_id, k.expires_at as code_expires_at, k.used_at,
  c.id, c.merchant_id, c.kind, c.status, c.frozen, c.objection_hours, c.venue_ids, c.price_fen, c.units, c.units_used,
  c.alloc_fen, c.taken_fen, c.held_fen, c.disputed_fen, c.pending_fen, c.expires_at, c.ended_at
from check_in_codes k join contracts c on c.office_id = k.office_id and c.id = k.contract_id
where k.office_id = $1 and c.office_id = $1`

const byHash = `${contractText} and k.code_hash = any($2::bytea[]) order by c.id for update of c`
const byShortCode = `${contractText} and k.short_code = any($2::text[]) and k.expires_at > $3 order by c.id for update of c`

const contractOf = (row: Row): ContractAtDoor => ({
  id: idOf('ctr', row.id), merchantId: idOf('mer', row.merchant_id), kind: row.kind, status: row.status, frozen: row.frozen,
  objectionHours: row.objection_hours, venueIds: row.venue_ids === null ? null : (row.venue_ids as string[]).map((id) => idOf('ven', id)),
  priceFen: row.price_fen, units: row.units, unitsUsed: row.units_used, allocFen: row.alloc_fen, takenFen: row.taken_fen,
  heldFen: row.held_fen, disputedFen: row.disputed_fen, pendingFen: row.pending_fen, expiresAt: row.expires_at, endedAt: row.ended_at
})

export type FoundCode = Readonly<{ code: CheckInCode; shortCode: string; contract: ContractAtDoor }>

const found = (row: Row): FoundCode => ({
  code: {
    codeHash: row.code_hash, contractId: idOf('ctr', row.id), merchantId: idOf('mer', row.code_merchant_id),
    expiresAt: row.code_expires_at, usedAt: row.used_at
  },
  shortCode: row.short_code,
  contract: contractOf(row)
})

/** Finds codes and locks their contracts, in id order. */
export const lockByCodes = async (client: Client, office: number, hashes: readonly string[]): Promise<FoundCode[]> =>
  hashes.length === 0 ? [] : (await run(client, 'redeem_lock_by_codes', byHash, [office, hexes(hashes)])).map(found)

/** Finds short codes that are still good for some merchant, and locks their contracts, in id order. */
export const lockByShortCodes = async (client: Client, office: number, codes: readonly string[], expiredBefore: Date): Promise<FoundCode[]> =>
  codes.length === 0 ? [] : (await run(client, 'redeem_lock_by_short_codes', byShortCode, [office, codes, expiredBefore])).map(found)

export type StoredAnswer = Readonly<{ keyHash: string; requestHash: Buffer; answer: string }>

export const findAnswers = async (client: Client, office: number, keyHashes: readonly string[]): Promise<StoredAnswer[]> =>
  (await run(client, 'redeem_find_answers',
    "select encode(key_hash, 'hex') as key_hash, request_hash, answer from idempotency_keys where office_id = $1 and key_hash = any($2::bytea[])", [office, hexes(keyHashes)]))
    .map((row) => ({ keyHash: row.key_hash, requestHash: row.request_hash, answer: row.answer }))

export const findVenues = async (client: Client, office: number, ids: readonly VenueId[]): Promise<Map<VenueId, MerchantId>> =>
  new Map((await run(client, 'redeem_find_venues', 'select id, merchant_id from venues where office_id = $1 and id = any($2::uuid[])', [office, ids.map(uuidOf)]))
    .map((row) => [idOf('ven', row.id), idOf('mer', row.merchant_id)]))

export const findWrongShortCodes = async (client: Client, office: number, merchantIds: readonly MerchantId[], since: Date): Promise<Map<MerchantId, number>> =>
  merchantIds.length === 0 ? new Map() : new Map((await run(client, 'redeem_find_wrong_codes', 'select merchant_id, count from wrong_short_codes where office_id = $1 and merchant_id = any($2::uuid[]) and since > $3', [office, merchantIds.map(uuidOf), since]))
    .map((row) => [idOf('mer', row.merchant_id), Number(row.count)]))

export const countWrongShortCodes = async (client: Client, office: number, merchantIds: readonly MerchantId[], now: Date, since: Date): Promise<void> => {
  await Promise.all(merchantIds.map((merchantId) => run(client, 'redeem_count_wrong_code', `
    insert into wrong_short_codes as w (office_id, merchant_id, since, count) values ($1, $2, $3, 1)
    on conflict (office_id, merchant_id) do update set
      count = case when w.since > $4 then w.count + 1 else 1 end,
      since = case when w.since > $4 then w.since else excluded.since end`, [office, uuidOf(merchantId), now, since])))
}

/** One redemption decided: what is to be written of it. */
export type Decided = Readonly<{
  release: Release
  /** hex, as is the next */
  codeHash: string
  keyHash: string
  requestHash: Buffer
  answer: string
  /** undefined where no money moved */
  transferId: Id<'trf'> | undefined
  heldAfter: bigint
  pendingAfter: bigint
  evidenceId: Id<'evd'>
  fact: string
  entry: string
}>

/** division_by_zero: the database's word for a batch that found some of its codes used up by another process. */
export const codesUsedUp = '22012'

/*
 * Everything a batch writes. The last line counts the codes it used up: fewer than asked means
 * that another process was faster, and the batch is decided again. It must fail by itself, because
 * the commit is already on its way behind it.
 */
const recordStatement = officeStatement((office, place) => `
with redeemed as (
  select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::date[],
    $10::timestamptz[], $11::uuid[], $12::uuid[], $13::bytea[], $14::bytea[], $15::bytea[], string_to_array($16, E'\\x1e'), $17::uuid[],
    $18::bigint[], $19::bigint[], $20::uuid[], $21::text[], string_to_array($22, E'\\x1e'), $31::text[])
    as r(id, contract_id, merchant_id, state, units, amount_fen, units_left, date, due_at, venue_id, cashier_id, code_hash,
      key_hash, request_hash, answer, transfer_id, held_after, pending_after, evidence_id, fact, entry, reference)
), contract_after as (
  update contracts c set units_used = n.units_used, alloc_fen = n.alloc_fen, held_fen = n.held_fen, pending_fen = n.pending_fen,
    status = n.status, ended_at = n.ended_at, version = c.version + 1
  from unnest($23::uuid[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::text[], $29::timestamptz[])
    as n(id, units_used, alloc_fen, held_fen, pending_fen, status, ended_at)
  where c.office_id = $1 and c.id = n.id
), released as (
  insert into releases (office_id, id, contract_id, merchant_id, kind, state, units, amount_fen, units_left, date, created_at,
    due_at, venue_id, cashier_id, code_hash)
  select ${office}, id, contract_id, merchant_id, 'check_in', state, units, amount_fen, units_left, date, $30, due_at, venue_id,
    cashier_id, code_hash from ${place}redeemed
), moved as (
  insert into transfers (office_id, id, event, reference, contract_id, merchant_id, person_id, debit_fen, credit_fen, occurred_at, booked_at)
  select ${office}, transfer_id, 'units-released', reference, contract_id, merchant_id, cashier_id, amount_fen, amount_fen, $30, $30
  from ${place}redeemed where transfer_id is not null
), booked as (
  insert into entries (office_id, transfer_id, line, kind, contract_id, side, amount_fen, balance_after_fen, booked_at)
  select ${office}, transfer_id, 1, 'held', contract_id, 'D', amount_fen, held_after, $30 from ${place}redeemed where transfer_id is not null
  union all
  select ${office}, transfer_id, 2, 'pending', contract_id, 'C', amount_fen, pending_after, $30 from ${place}redeemed where transfer_id is not null
), leaves as (
  insert into evidence_entries (office_id, id, fact, subject, transfer_id, contract_id, merchant_id, entry, created_at)
  select ${office}, evidence_id, fact, reference, transfer_id, contract_id, merchant_id, entry, $30 from ${place}redeemed
), keys as (
  insert into idempotency_keys (office_id, key_hash, request_hash, answer, created_at)
  select ${office}, key_hash, request_hash, answer, $30 from ${place}redeemed
), used as (
  update check_in_codes k set used_at = $30
  where k.office_id = $1 and k.code_hash = any($13::bytea[]) and k.used_at is null
  returning 1
)
select 1 / (count(*) = cardinality($13::bytea[]))::int from used`)

/** Fails with `codesUsedUp` when not every code was unused. */
export const recordBatch = async (client: Client, office: number, decided: readonly Decided[], contracts: readonly ContractAtDoor[], now: Date): Promise<void> => {
  if (decided.length === 0) return
  const of = <Value>(value: (item: Decided) => Value) => decided.map(value)
  const ofContract = <Value>(value: (contract: ContractAtDoor) => Value) => contracts.map(value)
  await client.query({ name: 'redeem_record', ...recordStatement, values: [
    office,
    uuids(of(({ release }) => uuidOf(release.id))), uuids(of(({ release }) => uuidOf(release.contractId))), uuids(of(({ release }) => uuidOf(release.merchantId))),
    words(of(({ release }) => release.state)), integers(of(({ release }) => release.units)), integers(of(({ release }) => release.amountFen)),
    integers(of(({ release }) => release.unitsLeft)), words(of(({ release }) => release.date)), instants(of(({ release }) => release.dueAt)),
    uuids(of(({ release }) => uuidOrNull(release.venueId))),
    uuids(of(({ release }) => uuidOrNull(release.cashierId))),
    hexes(of(({ codeHash }) => codeHash)), hexes(of(({ keyHash }) => keyHash)), bytes(of(({ requestHash }) => requestHash)), jsons(of(({ answer }) => answer)),
    uuids(of(({ transferId }) => (transferId === undefined ? null : uuidOf(transferId)))), integers(of(({ heldAfter }) => heldAfter)),
    integers(of(({ pendingAfter }) => pendingAfter)), uuids(of(({ evidenceId }) => uuidOf(evidenceId))), words(of(({ fact }) => fact)), jsons(of(({ entry }) => entry)),
    uuids(ofContract(({ id }) => uuidOf(id))), integers(ofContract(({ unitsUsed }) => unitsUsed)), integers(ofContract(({ allocFen }) => allocFen)),
    integers(ofContract(({ heldFen }) => heldFen)), integers(ofContract(({ pendingFen }) => pendingFen)), words(ofContract(({ status }) => status)),
    instants(ofContract(({ endedAt }) => endedAt)), now, words(of(({ release }) => release.id))
  ] })
}

/** Contracts that are completed with money left over: it goes back to the consumer, by a deadline that is due at once. */
export const scheduleRemainders = async (client: Client, office: number, contracts: readonly ContractAtDoor[], now: Date): Promise<void> => {
  await Promise.all(contracts.map(({ id }) => run(client, 'redeem_schedule_remainder', `
    insert into deadlines (office_id, id, kind, subject, due_at) values ($1, $2, $3, $4, $5)
    on conflict (office_id, kind, subject) do update set due_at = excluded.due_at, attempts = 0, last_error = null`,
  [office, uuidOf(newId('ddl', office)), remainderDeadline, id, now])))
}
