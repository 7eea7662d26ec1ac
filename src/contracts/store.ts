import { and, asc, desc, eq, gt, inArray, lt, or, sql } from 'drizzle-orm'
import { isAmong } from '../db/columns.js'
import { prepared } from '../db/prepared.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import { uuidOf } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import type { Contract, ContractId, ContractStatus } from './model.js'
import { capHolders, contracts, contractTerms, guardianConsents } from './table.js'

/** The columns of the contract row that rules see. */
const contractColumns = {
  id: contracts.id, merchantId: contracts.merchantId, consumerId: contracts.consumerId, productId: contracts.productId,
  productVersion: contracts.productVersion, kind: contracts.kind, status: contracts.status, frozen: contracts.frozen,
  release: contracts.release, objectionHours: contracts.objectionHours, venueIds: contracts.venueIds,
  priceFen: contracts.priceFen, units: contracts.units, unitsUsed: contracts.unitsUsed, allocFen: contracts.allocFen,
  takenFen: contracts.takenFen, paidFen: contracts.paidFen, heldFen: contracts.heldFen, disputedFen: contracts.disputedFen,
  pendingFen: contracts.pendingFen, releasedFen: contracts.releasedFen, refundedFen: contracts.refundedFen,
  refundPaidFen: contracts.refundPaidFen, objectedFen: contracts.objectedFen, disputeId: contracts.disputeId,
  version: contracts.version, createdAt: contracts.createdAt, signedAt: contracts.signedAt, paidAt: contracts.paidAt,
  depositedAt: contracts.depositedAt, coolingOffUntil: contracts.coolingOffUntil, expiresAt: contracts.expiresAt,
  termStart: contracts.termStart, endedAt: contracts.endedAt
}

const contractById = prepared('find_contract', (db) => db.select(contractColumns).from(contracts)
  .where(and(eq(contracts.officeId, sql.placeholder('office')), eq(contracts.id, sql.placeholder('id')))))

export const findContract = async (tx: Tx, id: ContractId): Promise<Contract | undefined> =>
  (await contractById(tx, { id: uuidOf(id) }))[0]

const contractsLocked = prepared('lock_contracts', (db) => db.select(contractColumns).from(contracts)
  .where(and(eq(contracts.officeId, sql.placeholder('office')), isAmong(contracts.id, 'ids'))).orderBy(asc(contracts.id)).for('update'))

/** Locks contracts in id order, the first of the fixed order of locks. */
export const lockContracts = async (tx: Tx, ids: readonly ContractId[]): Promise<Contract[]> =>
  (ids.length === 0 ? [] : contractsLocked(tx, { ids: ids.map(uuidOf) }))

export const insertContract = async ({ db, office }: Tx, contract: Contract): Promise<void> => {
  await db.insert(contracts).values({ ...contract, officeId: office })
}

const updateStatement = `
update contracts c set
  status = n.status, frozen = n.frozen, units_used = n.units_used, alloc_fen = n.alloc_fen, taken_fen = n.taken_fen,
  paid_fen = n.paid_fen, held_fen = n.held_fen, disputed_fen = n.disputed_fen, pending_fen = n.pending_fen,
  released_fen = n.released_fen, refunded_fen = n.refunded_fen, refund_paid_fen = n.refund_paid_fen,
  objected_fen = n.objected_fen, dispute_id = n.dispute_id, version = c.version + 1, signed_at = n.signed_at,
  paid_at = n.paid_at, deposited_at = n.deposited_at, cooling_off_until = n.cooling_off_until, expires_at = n.expires_at,
  term_start = n.term_start, ended_at = n.ended_at
from unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::uuid[], $17::timestamptz[],
  $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[], $22::date[], $23::timestamptz[])
  as n(id, status, frozen, units_used, alloc_fen, taken_fen, paid_fen, held_fen, disputed_fen, pending_fen, released_fen,
    refunded_fen, refund_paid_fen, objected_fen, dispute_id, signed_at, paid_at, deposited_at, cooling_off_until, expires_at,
    term_start, ended_at)
where c.office_id = $1 and c.id = n.id and c.id = any($2::uuid[])`

/** Saves contracts that this transaction has locked. */
export const updateContracts = async ({ client, office }: Tx, changed: readonly Contract[]): Promise<void> => {
  if (changed.length === 0) return
  const column = <Value>(of: (contract: Contract) => Value) => changed.map(of)
  await client.query({
    name: 'update_contracts',
    text: updateStatement,
    values: [
      office, column(({ id }) => uuidOf(id)), column(({ status }) => status), column(({ frozen }) => frozen),
      column(({ unitsUsed }) => unitsUsed), column(({ allocFen }) => allocFen), column(({ takenFen }) => takenFen),
      column(({ paidFen }) => paidFen), column(({ heldFen }) => heldFen), column(({ disputedFen }) => disputedFen),
      column(({ pendingFen }) => pendingFen), column(({ releasedFen }) => releasedFen), column(({ refundedFen }) => refundedFen),
      column(({ refundPaidFen }) => refundPaidFen), column(({ objectedFen }) => objectedFen),
      column(({ disputeId }) => (disputeId === null ? null : uuidOf(disputeId))), column(({ signedAt }) => signedAt),
      column(({ paidAt }) => paidAt), column(({ depositedAt }) => depositedAt), column(({ coolingOffUntil }) => coolingOffUntil),
      column(({ expiresAt }) => expiresAt), column(({ termStart }) => termStart), column(({ endedAt }) => endedAt)
    ]
  })
}

/** A consumer who takes a contract over: by the index of the ID number, for the caps. */
export type Holder = Readonly<{ holderId: Contract['consumerId']; idNumberIndex: Buffer; acceptArbitration: boolean }>

export type TermsRow = typeof contractTerms.$inferSelect

export const insertTerms = async ({ db }: Tx, row: TermsRow): Promise<void> => {
  await db.insert(contractTerms).values(row)
}

const termsOf = (office: number, id: ContractId) => and(eq(contractTerms.officeId, office), eq(contractTerms.contractId, id))

export const findTerms = async ({ db, office }: Tx, id: ContractId): Promise<TermsRow | undefined> =>
  (await db.select().from(contractTerms).where(termsOf(office, id)))[0]

export const insertGuardianConsent = async ({ db }: Tx, row: typeof guardianConsents.$inferInsert): Promise<void> => {
  await db.insert(guardianConsents).values(row)
}

export const updateSignature = async ({ db, office }: Tx, id: ContractId, signed: Pick<TermsRow, 'acceptArbitration' | 'signature'>): Promise<void> => {
  await db.update(contractTerms).set(signed).where(termsOf(office, id))
}

/** What the wire shows of a contract's terms. */
const shownTerms = {
  offer: contractTerms.offer, merchantName: contractTerms.merchantName,
  documentSha256: contractTerms.documentSha256, acceptArbitration: contractTerms.acceptArbitration
}
export type ShownTerms = Pick<TermsRow, keyof typeof shownTerms>

const shownTermsById = prepared('find_shown_terms', (db) => db.select(shownTerms).from(contractTerms)
  .where(and(eq(contractTerms.officeId, sql.placeholder('office')), eq(contractTerms.contractId, sql.placeholder('id')))))

export const findShownTerms = async (tx: Tx, id: ContractId): Promise<ShownTerms | undefined> =>
  (await shownTermsById(tx, { id: uuidOf(id) }))[0]

const offersOf = prepared('list_offers', (db) => db.select({ contractId: contractTerms.contractId, offer: contractTerms.offer }).from(contractTerms)
  .where(and(eq(contractTerms.officeId, sql.placeholder('office')), isAmong(contractTerms.contractId, 'ids'))))

export const listOffers = (tx: Tx, ids: readonly ContractId[]): Promise<Pick<TermsRow, 'contractId' | 'offer'>[]> =>
  offersOf(tx, { ids: ids.map(uuidOf) })

export type ContractSelection = Readonly<{ office: number | undefined; status: ContractStatus | undefined; merchantId: MerchantId | undefined }>

/** Contracts that the role may see, newest first, from below a position. A consumer's may be of several offices. */
export const listContracts = ({ db }: Tx, { office, status, merchantId }: ContractSelection, before: ContractId | undefined, limit: number): Promise<{ contract: Contract; terms: ShownTerms }[]> =>
  db.select({ contract: contractColumns, terms: shownTerms }).from(contracts)
    .innerJoin(contractTerms, and(eq(contractTerms.officeId, contracts.officeId), eq(contractTerms.contractId, contracts.id)))
    .where(and(
      office === undefined ? undefined : eq(contracts.officeId, office),
      status && eq(contracts.status, status),
      merchantId && eq(contracts.merchantId, merchantId),
      before && lt(contracts.id, before)
    ))
    .orderBy(desc(contracts.id)).limit(limit)

/**
 * Locks the row of one person at one merchant, by the indexes of the ID number (of every key of the
 * ring, and of a number that was corrected), and sums that
 * person's whole balance there: held, disputed, and the price of contracts that wait for signature
 * or payment. It runs as the service's own role, because the person may have bought under another
 * phone, whose contracts this consumer's role does not see; only the sum comes out.
 */
export const lockBalanceOfPerson = (tx: Tx, merchantId: MerchantId, idNumberIndexes: readonly Buffer[]): Promise<Fen> => inRole(tx, 'worker', async ({ db, office }) => {
  // In one order, so that two purchases of one person cannot wait for each other.
  for (const idNumberIndex of [...idNumberIndexes].sort(Buffer.compare)) {
    await db.insert(capHolders).values({ officeId: office, merchantId, idNumberIndex }).onConflictDoNothing()
    await db.select().from(capHolders).where(and(
      eq(capHolders.officeId, office), eq(capHolders.merchantId, merchantId), eq(capHolders.idNumberIndex, idNumberIndex)
    )).for('update')
  }
  const [row] = await db.select({
    balanceFen: sql<bigint>`coalesce(sum(${contracts.heldFen} + ${contracts.disputedFen} + case when ${contracts.status} in ('awaiting_signature', 'awaiting_payment') then ${contracts.priceFen} else 0 end), 0)::bigint`
  }).from(contracts)
    .innerJoin(contractTerms, and(eq(contractTerms.officeId, contracts.officeId), eq(contractTerms.contractId, contracts.id)))
    .where(and(eq(contracts.officeId, office), eq(contracts.merchantId, merchantId), inArray(contractTerms.idNumberIndex, [...idNumberIndexes])))
  return row?.balanceFen ?? 0n
})

/** Who holds a contract from now on, and their choices; of the service's own role, behind the contract's lock. */
export const updateHolder = async ({ db, office }: Tx, id: ContractId, { holderId, idNumberIndex, acceptArbitration }: Holder): Promise<void> => {
  await db.update(contracts).set({ consumerId: holderId, version: sql`${contracts.version} + 1` }).where(and(eq(contracts.officeId, office), eq(contracts.id, id)))
  // Whoever used it beside the former holder uses it no more.
  await db.update(contractTerms).set({ idNumberIndex, acceptArbitration, beneficiarySealed: null }).where(termsOf(office, id))
}

const awaited: ContractStatus[] = ['awaiting_signature', 'awaiting_payment']
const live: ContractStatus[] = ['active', 'completed', 'expired']

/** Freezes, at once and in id order, every contract of a merchant that may still hold or release money. @returns how many */
export const freezeContractsOf = async ({ client, office }: Tx, merchantId: MerchantId): Promise<number> => {
  const { rowCount } = await client.query({
    name: 'freeze_contracts_of',
    text: `with locked as (
             select id from contracts where office_id = $1 and merchant_id = $2 and status = any($3::text[]) and (frozen is null or frozen = 'pause')
             order by id for update)
           update contracts c set frozen = 'closure', version = c.version + 1 from locked
           where c.office_id = $1 and c.merchant_id = $2 and c.id = locked.id`,
    values: [office, uuidOf(merchantId), live]
  })
  return rowCount ?? 0
}

/** Contracts of a merchant in closure that are still to be ended: awaited ones to be cancelled, frozen ones to be refunded. */
const toClose = (office: number, merchantId: MerchantId) => and(
  eq(contracts.officeId, office), eq(contracts.merchantId, merchantId),
  or(inArray(contracts.status, awaited), and(inArray(contracts.status, ['active', 'expired']), eq(contracts.frozen, 'closure')))
)

/** The oldest ones, from above a position; ids only, not locked. */
export const listContractsToClose = async ({ db, office }: Tx, merchantId: MerchantId, after: ContractId | undefined, limit: number): Promise<ContractId[]> =>
  (await db.select({ id: contracts.id }).from(contracts)
    .where(and(toClose(office, merchantId), after && gt(contracts.id, after))).orderBy(asc(contracts.id)).limit(limit)).map(({ id }) => id)

export const countContractsToClose = async ({ db, office }: Tx, merchantId: MerchantId): Promise<number> =>
  db.$count(contracts, toClose(office, merchantId))
