import { identity, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { accessTokenSeconds, type SessionId } from './model.js'
import { listRevokedSince, notifyRevoked, revokeSessions } from './store.js'

/*
 * An access token lives on for a quarter of an hour after its session has ended, unless everyone
 * who checks it knows of the end. So each process keeps in memory which sessions ended within that
 * time, and hears of new ends from the database.
 */

/** Where processes tell each other which sessions ended. */
export const revocationChannel = 'ticun_sessions'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  /** Waits until the other processes have heard what was told them. */
  agree?: () => Promise<void>
}>

const keptMs = accessTokenSeconds * 1000
const sweptAbove = 1_000

export const createRevocations = ({ work, clock, agree }: Dependencies) => {
  const ended = new Map<string, number>()

  const sweep = (): void => {
    const before = clock.now().getTime() - keptMs
    for (const [id, at] of ended) if (at < before) ended.delete(id)
  }

  const note = (id: string, at: Date = clock.now()): void => {
    if (ended.size >= sweptAbove) sweep()
    ended.set(id, at.getTime())
  }

  /** Loads what ended before this process listened. */
  const load = async (): Promise<void> => {
    const rows = await work.read(identity, 0, (tx) => listRevokedSince(tx, after(clock.now(), -keptMs)))
    for (const { id, revokedAt } of rows) note(id, revokedAt ?? undefined)
  }

  /** Ends sessions, in a transaction of the identity role: their refresh tokens at its commit, their access tokens everywhere right after. */
  const revoke = async (tx: Tx, ids: readonly SessionId[], because: string): Promise<void> => {
    const revoked = await revokeSessions(tx, ids, because, clock.now())
    for (const id of revoked) await notifyRevoked(tx, revocationChannel, id)
    tx.afterCommit(async () => {
      for (const id of revoked) note(id)
      if (revoked.length > 0) await agree?.()
    })
  }

  return { isRevoked: (id: SessionId): boolean => ended.has(id), note, load, revoke }
}

export type Revocations = ReturnType<typeof createRevocations>
