import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { PauseId, PauseRecord, PauseStatus } from './model.js'
import { pauses } from './table.js'

const columns = {
  id: pauses.id, contractId: pauses.contractId, merchantId: pauses.merchantId, ground: pauses.ground, status: pauses.status,
  proposedEnd: pauses.proposedEnd, proposedBy: pauses.proposedBy, startsOn: pauses.startsOn, endsOn: pauses.endsOn,
  createdAt: pauses.createdAt, answeredAt: pauses.answeredAt, endedAt: pauses.endedAt
}

const open: PauseStatus[] = ['proposed', 'agreed', 'running']
const effective: PauseStatus[] = ['agreed', 'running', 'ended']

export const insertPause = async ({ db, office }: Tx, pause: PauseRecord): Promise<void> => {
  await db.insert(pauses).values({ ...pause, officeId: office })
}

export const updatePause = async ({ db, office }: Tx, { id, status, startsOn, endsOn, answeredAt, endedAt }: PauseRecord): Promise<void> => {
  await db.update(pauses).set({ status, startsOn, endsOn, answeredAt, endedAt }).where(and(eq(pauses.officeId, office), eq(pauses.id, id)))
}

/** A pause; behind its contract's lock nobody changes it. */
export const findPause = async ({ db, office }: Tx, id: PauseId): Promise<PauseRecord | undefined> =>
  (await db.select(columns).from(pauses).where(and(eq(pauses.officeId, office), eq(pauses.id, id))))[0]

export const findOpenPause = async ({ db, office }: Tx, contractId: ContractId): Promise<PauseRecord | undefined> =>
  (await db.select(columns).from(pauses)
    .where(and(eq(pauses.officeId, office), eq(pauses.contractId, contractId), inArray(pauses.status, open))))[0]

/** Pauses of a contract, newest first. */
export const listPauses = ({ db, office }: Tx, contractId: ContractId): Promise<PauseRecord[]> =>
  db.select(columns).from(pauses).where(and(eq(pauses.officeId, office), eq(pauses.contractId, contractId))).orderBy(desc(pauses.id))

/** Pauses that took days out of the terms of contracts, or will. */
export const listEffective = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<PauseRecord[]> =>
  db.select(columns).from(pauses)
    .where(and(eq(pauses.officeId, office), inArray(pauses.contractId, [...contractIds]), inArray(pauses.status, effective)))
    .orderBy(asc(pauses.id))
