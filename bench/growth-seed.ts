import pg from 'pg'
import { extend, growingTiles, hasherOf, type Tile } from '../src/evidence/tree.js'
import { office } from './seed.js'

/*
 * The books of an office after a year: contracts made in its first month, each used once a month
 * from then on, in books that satisfy the invariants. Made by the database itself out of numbers,
 * without indexes but the primary keys, which are built or filled in order.
 */

export type Growth = Readonly<{ contracts: number; visits: number; merchants: number; begin: Date }>

const dayMs = 86_400_000
const monthMs = 30 * dayMs
export const visitFen = 10_000
const sessions = 20
const priceFen = visitFen * sessions
/** Any two primes: every contract is used once a month, in an order of its own. */
const [stride, shift] = [7_919, 104_729]

/** A UUIDv7 of the office, by its milliseconds and a number of its own. */
const uuid = (ms: string, n: string): string => `(lpad(to_hex(${ms}), 12, '0') || '70008' || lpad(to_hex(${n}), 11, '0') || '${office.toString(16).padStart(4, '0')}')::uuid`

/** The columns of what is made, as SQL over the number of a contract or of a visit. */
const partsOf = ({ contracts, visits, merchants, begin }: Growth) => {
  const begun = `${begin.getTime()}::bigint`
  const madeMs = (i: string) => `${begun} + ${i}::bigint * ${monthMs} / ${contracts}`
  const visitMs = (r: string) => `${begun} + ${monthMs} + ${r}::bigint * ${monthMs} / ${contracts}`
  const at = (ms: string) => `to_timestamp((${ms}) / 1000.0)`
  return {
    at, madeMs, visitMs,
    contractId: (i: string) => uuid(madeMs(i), i),
    merchantId: (i: string) => uuid(`${begun} - ${dayMs}`, `${i} % ${merchants}`),
    depositId: (i: string) => uuid(madeMs(i), i),
    visitId: (r: string) => uuid(visitMs(r), r),
    /** Each visit with the number of its contract and which of its visits it is. */
    eachVisit: `(select r, r / ${contracts} as s, ((r % ${contracts}) * ${stride} + (r / ${contracts}) * ${shift}) % ${contracts} as i from generate_series(0::bigint, ${contracts * visits - 1}) r) v`,
    eachContract: `generate_series(0::bigint, ${contracts - 1}) i`
  }
}

const offer = JSON.stringify({
  name: 'Growth', kind: 'sessions', priceFen, sessions, validDays: 730, coolingOffDays: 7, terms: 'Growth',
  settlementRule: { release: 'per_session', objectionHours: 720 }
})

const entryText = (fact: string, parts: Readonly<{ id: string; subject: string; contract: string; merchant: string; at: string; lines: readonly [string, string] }>): string =>
  `format('{"contractId":"%s","fact":"${fact}","id":"%s","merchantId":"%s","occurredAt":"%s","office":${office},"payload":{"lines":[{"account":"${parts.lines[0]}:%s","amountFen":"${visitFen}","side":"debit"},{"account":"${parts.lines[1]}:%s","amountFen":"${visitFen}","side":"credit"}],"transferId":"%s"},"salt":"%s","subject":"%s","version":1}',
    ${parts.contract}, ${parts.id}, ${parts.merchant}, ${parts.at}, ${parts.contract}, ${parts.contract}, ${parts.id}, md5(${parts.id}::text), ${parts.subject})`

/** What two connections write, side by side: table by table, in the order of the keys. */
const statementsOf = (growth: Growth): readonly (readonly string[])[] => {
  const { contracts, visits, merchants, begin } = growth
  const { at, madeMs, visitMs, contractId, merchantId, depositId, visitId, eachVisit, eachContract } = partsOf(growth)
  const begun = begin.getTime()
  const used = `${visits * visitFen}`
  const clearing = uuid(`${begun}::bigint`, '0')
  const subjectOf = (prefix: string, id: string) => `'${prefix}_' || ${id}::text`
  const venueId = (m: string) => uuid(`${begun}::bigint - ${dayMs}`, m)
  return [[
    `insert into merchants (office_id, id, name, credit_code, category, district, status, applied_by, created_at)
      select ${office}, ${merchantId('m')}, 'Growth ' || m, 'growth-' || m, 'pool', 'growth', 'active', ${uuid(`${begun}::bigint`, 'm')}, ${at(`${begun}`)} from generate_series(0, ${merchants - 1}) m`,
    `insert into venues (office_id, id, merchant_id, name, address, lease_until, created_at)
      select ${office}, ${venueId('m')}, ${merchantId('m')}, 'Growth', 'Growth', '2036-01-01', ${at(`${begun}`)} from generate_series(0, ${merchants - 1}) m`,
    `insert into accounts (office_id, id, kind, of, balance_fen, version) values (${office}, ${clearing}, 'clearing', 'sandbox', ${contracts * priceFen}, ${contracts})`,
    `insert into contracts (office_id, id, merchant_id, consumer_id, product_id, product_version, kind, status, release, objection_hours, price_fen, units, units_used, alloc_fen, paid_fen, held_fen, pending_fen, version, created_at, signed_at, paid_at, deposited_at, cooling_off_until, expires_at)
      select ${office}, ${contractId('i')}, ${merchantId('i')}, ${uuid(madeMs('i'), 'i')}, ${uuid(`${begun}::bigint`, '1')}, 1, 'sessions', 'active', 'per_session', 720, ${priceFen}, ${sessions}, ${visits}, ${used}, ${priceFen}, ${priceFen} - ${used}, ${used}, ${visits + 1},
        ${at(madeMs('i'))}, ${at(madeMs('i'))}, ${at(madeMs('i'))}, ${at(madeMs('i'))}, ${at(madeMs('i'))}, ${at(madeMs('i'))} + interval '730 days' from ${eachContract}`,
    `insert into contract_terms (office_id, contract_id, offer, merchant_name, id_number_index, document_sealed, document_sha256, accept_arbitration)
      select ${office}, ${contractId('i')}, '${offer}', 'Growth ' || i % ${merchants}, int8send(i), '', md5(i::text), true from ${eachContract}`,
    `insert into transfers (office_id, id, event, reference, contract_id, merchant_id, debit_fen, credit_fen, occurred_at, booked_at)
      select ${office}, ${depositId('i')}, 'payment-received', ${subjectOf('rcp', depositId('i'))}, ${contractId('i')}, ${merchantId('i')}, ${priceFen}, ${priceFen}, ${at(madeMs('i'))}, ${at(madeMs('i'))} from ${eachContract}`,
    `insert into entries (office_id, transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, booked_at)
      select ${office}, ${depositId('i')}, l, case l when 1 then 'clearing' else 'held' end, case l when 1 then ${clearing} end, ${contractId('i')}, case l when 1 then 'D' else 'C' end, ${priceFen},
        case l when 1 then (i + 1) * ${priceFen} else ${priceFen} end, ${at(madeMs('i'))} from ${eachContract} cross join generate_series(1, 2) l`,
    `insert into transfers (office_id, id, event, reference, contract_id, merchant_id, debit_fen, credit_fen, occurred_at, booked_at)
      select ${office}, ${visitId('r')}, 'units-released', ${subjectOf('red', visitId('r'))}, ${contractId('i')}, ${merchantId('i')}, ${visitFen}, ${visitFen}, ${at(visitMs('r'))}, ${at(visitMs('r'))} from ${eachVisit}`,
    `insert into entries (office_id, transfer_id, line, kind, contract_id, side, amount_fen, balance_after_fen, booked_at)
      select ${office}, id, l, case l when 1 then 'held' else 'pending' end, contract, case l when 1 then 'D' else 'C' end, ${visitFen},
        case l when 1 then ${priceFen} - (s + 1) * ${visitFen} else (s + 1) * ${visitFen} end, at
      from (select ${visitId('r')} as id, ${contractId('i')} as contract, s, ${at(visitMs('r'))} as at from ${eachVisit} offset 0) e cross join generate_series(1, 2) l`
  ], [
    `insert into releases (office_id, id, contract_id, merchant_id, kind, state, units, amount_fen, units_left, date, created_at, due_at, venue_id, code_hash)
      select ${office}, ${visitId('r')}, ${contractId('i')}, ${merchantId('i')}, 'check_in', 'pending', 1, ${visitFen}, ${sessions - 1} - s, (${at(visitMs('r'))} at time zone 'Asia/Shanghai')::date, ${at(visitMs('r'))},
        ${at(visitMs('r'))} + interval '730 days', ${venueId(`i % ${merchants}`)}, sha256(int8send(r)) from ${eachVisit}`,
    `insert into evidence_entries (office_id, id, fact, subject, transfer_id, contract_id, merchant_id, entry, created_at)
      select ${office}, id, 'payment-received', subject, id, contract, merchant, ${entryText('payment-received', { id: 'id', subject: 'subject', contract: 'contract', merchant: 'merchant', at: 'at', lines: ['clearing', 'held'] })}, at
      from (select ${depositId('i')} as id, ${subjectOf('rcp', depositId('i'))} as subject, ${contractId('i')} as contract, ${merchantId('i')} as merchant, ${at(madeMs('i'))} as at from ${eachContract}) e`,
    `insert into evidence_entries (office_id, id, fact, subject, transfer_id, contract_id, merchant_id, entry, created_at)
      select ${office}, id, 'units-released', subject, id, contract, merchant, ${entryText('units-released', { id: 'id', subject: 'subject', contract: 'contract', merchant: 'merchant', at: 'at', lines: ['held', 'pending'] })}, at
      from (select ${visitId('r')} as id, ${subjectOf('red', visitId('r'))} as subject, ${contractId('i')} as contract, ${merchantId('i')} as merchant, ${at(visitMs('r'))} as at from ${eachVisit}) e`,
    `insert into evidence_positions (office_id, leaf_index, entry_id, subject) select ${office}, i, ${depositId('i')}, ${subjectOf('rcp', depositId('i'))} from ${eachContract}`,
    `insert into evidence_positions (office_id, leaf_index, entry_id, subject) select ${office}, ${contracts} + r, ${visitId('r')}, ${subjectOf('red', visitId('r'))} from generate_series(0::bigint, ${contracts * visits - 1}) r`,
    `insert into idempotency_keys (office_id, key_hash, request_hash, answer, created_at)
      select ${office}, sha256(int8send(r)), sha256(int8send(-r)), '{"id":"' || ${visitId('r')} || '","status":"pending","releasedFen":${visitFen}}', ${at(visitMs('r'))} from generate_series(0::bigint, ${contracts * visits - 1}) r`
  ]]
}

const tables = ['merchants', 'venues', 'accounts', 'contracts', 'contract_terms', 'transfers', 'entries', 'releases', 'evidence_entries', 'evidence_positions', 'idempotency_keys'] as const

type Index = Readonly<{ name: string; make: string; drop: string }>

/** Indexes that are not filled in order: built once all is there. */
const listLaterIndexes = async (client: pg.Client): Promise<Index[]> => (await client.query<Index>(`
  select c.relname as name,
    case when k.oid is null then pg_get_indexdef(i.indexrelid) else format('alter table %s add constraint %I %s', i.indrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) end as make,
    case when k.oid is null then format('drop index %s', i.indexrelid::regclass) else format('alter table %s drop constraint %I', i.indrelid::regclass, k.conname) end as drop
  from pg_index i join pg_class c on c.oid = i.indexrelid
  left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u')
  where i.indrelid = any($1::regclass[]) and (not i.indisprimary or i.indrelid = any('{entries,evidence_entries,evidence_positions,idempotency_keys}'::regclass[]))
    and not exists (select from pg_constraint f where f.confrelid = i.indrelid and f.contype = 'f' and f.conindid = i.indexrelid)`,
[tables])).rows

const connected = async <Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // Foreign keys are true by the way the rows are made.
    await client.query("set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '1GB'; set jit = off; set timezone = 'UTC'")
    return await use(client)
  } finally {
    await client.end()
  }
}

const sideBySide = async (url: string, lanes: readonly (readonly string[])[]): Promise<void> => {
  await Promise.all(lanes.map((statements) => connected(url, async (client) => { for (const statement of statements) await client.query(statement) })))
}

const leafChunk = 65_536

/** The Merkle tree over the entries, as the sequencer would have grown it, and the size it goes on from. */
const growTree = (url: string, size: number): Promise<void> => connected(url, async (client) => {
  const hasher = hasherOf('sha256')
  const edge = new Map<string, Tile>()
  let last = '00000000-0000-0000-0000-000000000000'
  for (let from = 0; from < size; from += leafChunk) {
    const { rows: [chunk] } = await client.query<{ hashes: Buffer; last: string }>(`
      select string_agg(hash, ''::bytea order by id) as hashes, max(id::text) as last from (
        select id, sha256('\\x00'::bytea || sha256(convert_to(entry, 'UTF8'))) as hash from evidence_entries where office_id = $1 and id > $2 order by id limit $3) e`, [office, last, leafChunk])
    if (!chunk) throw new Error('entries are missing')
    last = chunk.last
    const leaves = Array.from({ length: chunk.hashes.length / 32 }, (_, i) => chunk.hashes.subarray(i * 32, i * 32 + 32))
    const changed = extend(hasher, from, leaves, ({ level, index }) => edge.get(`${level}/${index}`)?.hashes as Buffer)
    await client.query(`insert into evidence_tiles (office_id, level, index, hashes) select $1, * from unnest($2::int[], $3::bigint[], $4::bytea[])
      on conflict (office_id, level, index) do update set hashes = excluded.hashes`, [office, changed.map(({ level }) => level), changed.map(({ index }) => index), changed.map(({ hashes }) => hashes)])
    const growing = new Set(growingTiles(from + leaves.length).map(({ level, index }) => `${level}/${index}`))
    for (const tile of changed) edge.set(`${tile.level}/${tile.index}`, tile)
    for (const name of edge.keys()) if (!growing.has(name)) edge.delete(name)
  }
  await client.query("insert into evidence_checkpoints (office_id, tree_size, root, note, created_at) values ($1, $2, '', '', now())", [office, size])
})

/** Into a database that has no books yet. `onStep` hears what was done. */
export const seedGrowth = async (url: string, growth: Growth, onStep: (step: string) => void): Promise<void> => {
  const indexes = await connected(url, listLaterIndexes)
  await sideBySide(url, [indexes.map(({ drop }) => drop)])
  await sideBySide(url, statementsOf(growth))
  onStep('rows')
  await sideBySide(url, [0, 1].map((lane) => indexes.filter((_, i) => i % 2 === lane).map(({ make }) => make)))
  onStep('indexes')
  await growTree(url, growth.contracts * (1 + growth.visits))
  onStep('Merkle tree')
  await sideBySide(url, [['vacuum (analyze) entries', 'vacuum (analyze) contracts', 'vacuum (analyze) idempotency_keys'], ['vacuum (analyze) releases', 'vacuum (analyze) evidence_entries', 'vacuum (analyze) transfers', 'vacuum (analyze) evidence_positions', 'analyze']])
  onStep('vacuum and analyze')
}

/** The ids, as the database has them, of what `seedGrowth` made, by number. */
export const growthIds = ({ contracts, merchants, begin }: Growth) => {
  const hex = (ms: number, n: number) => `${ms.toString(16).padStart(12, '0')}70008${n.toString(16).padStart(11, '0')}${office.toString(16).padStart(4, '0')}`
  const afterBegin = (i: number) => Number(BigInt(i) * BigInt(monthMs) / BigInt(contracts))
  const madeMs = (i: number) => begin.getTime() + afterBegin(i)
  return {
    contract: (i: number) => hex(madeMs(i), i),
    consumer: (i: number) => hex(madeMs(i), i),
    visit: (r: number) => hex(begin.getTime() + monthMs + afterBegin(r), r),
    merchant: (m: number) => hex(begin.getTime() - dayMs, m % merchants),
    venue: (m: number) => hex(begin.getTime() - dayMs, m)
  }
}
