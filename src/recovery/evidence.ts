import type { Pool } from '../db/client.js'
import { noteKeyOf } from '../evidence/note.js'
import type { Vault } from '../kernel/vault.js'
import { leafOfEntry, noLeaves, rootOf, withLeaves, type Peaks } from '../verify/merkle.js'
import { checkpointOf, openCheckpoint, verifierKeyOf, type Checkpoint, type VerifierKey } from '../verify/note.js'
import { Refused } from '../verify/refused.js'
import { RecoveryRefused } from './refusal.js'
import { listLogs, listPlaced, type LogRow } from './store.js'

/*
 * A restored log has to be the one that was seen: every entry is hashed into the tree anew, and at
 * the size of each checkpoint that somebody kept the root must be that one's. A log that is shorter
 * has lost entries that were shown, and a service that went on with it would sign a fork. The
 * arithmetic is the outsiders' (src/verify), not the service's.
 */

/** A checkpoint that the restored log has to extend, and who says so. */
export type Seen = Readonly<{ note: string; by: string }>

/** What was proven of a log. `seen`: the largest checkpoint that it was held against. */
export type ProvenLog = Readonly<{ office: number; origin: string; size: number; seen: number }>

const stretch = 5_000

const broken = ({ code, message }: Refused, { office, origin }: Pick<LogRow, 'office' | 'origin'>, by: string): RecoveryRefused =>
  new RecoveryRefused('evidence_broken', `${code}, office ${office}, log ${origin}, ${by}: ${message}`)

type Wanted = Readonly<{ checkpoint: Checkpoint; by: string }>

/** The root at each wanted size, from the entries themselves. */
const checkRoots = async (pool: Pool, log: LogRow, wanted: readonly Wanted[]): Promise<void> => {
  const ordered = [...wanted].sort((a, b) => a.checkpoint.size - b.checkpoint.size)
  let peaks: Peaks = noLeaves
  const checkAt = () => {
    for (; ordered[0]?.checkpoint.size === peaks.size; ordered.shift()) {
      const { checkpoint, by } = ordered[0]
      if (!rootOf(log.hash, peaks).equals(checkpoint.root)) throw broken(new Refused('forked'), log, by)
    }
  }
  checkAt()
  while (ordered.length > 0) {
    const placed = await listPlaced(pool, log.office, peaks.size, stretch)
    for (const [i, { leafIndex, entry }] of placed.entries()) {
      if (leafIndex !== peaks.size) throw broken(new Refused('log_shrank', `leaf ${peaks.size} is missing, the next is ${leafIndex}, ${i} after`), log, ordered[0]?.by ?? '')
      peaks = withLeaves(log.hash, peaks, [leafOfEntry(log.hash, entry)])
      checkAt()
      if (ordered.length === 0) return
    }
    const [next] = ordered
    if (placed.length === 0 && next) throw broken(new Refused('log_shrank', `${peaks.size} < ${next.checkpoint.size}`), log, next.by)
  }
}

const opened = (note: string, key: VerifierKey, log: LogRow, by: string): Checkpoint => {
  try {
    const checkpoint = openCheckpoint(note, key)
    if (checkpoint.hash !== log.hash) throw new Refused('forked', 'another hash function')
    return checkpoint
  } catch (error) {
    throw error instanceof Refused ? broken(error, log, by) : error
  }
}

const proveLog = async (pool: Pool, log: LogRow, seen: readonly Seen[], key: VerifierKey): Promise<ProvenLog> => {
  const own = log.note === null ? [] : [{ checkpoint: opened(log.note, key, log, 'its own newest checkpoint'), by: 'its own newest checkpoint' }]
  const others = seen.map(({ note, by }) => ({ checkpoint: opened(note, key, log, by), by }))
  for (const { checkpoint, by } of others) {
    if (checkpoint.size > log.size) throw broken(new Refused('log_shrank', `it has ${log.size} entries with a place, and ${checkpoint.size} were seen`), log, by)
  }
  await checkRoots(pool, log, [...own, ...others])
  return { office: log.office, origin: log.origin, size: log.size, seen: Math.max(0, ...others.map(({ checkpoint }) => checkpoint.size)) }
}

/** The log's key as the database names it, which must be the one that was known before, if one was. */
const keyOf = (log: LogRow, known: ReadonlyMap<string, string>): VerifierKey => {
  const expected = known.get(log.origin)
  if (expected !== undefined && expected.trim() !== log.verifierKey.trim()) throw broken(new Refused('bad_signature', 'the log has another key than before'), log, 'the key that was known')
  return verifierKeyOf(log.verifierKey)
}

const originOf = ({ note, by }: Seen): string => {
  try {
    return checkpointOf(note).origin
  } catch (error) {
    throw error instanceof Refused ? new RecoveryRefused('evidence_broken', `${error.code}, ${by}: ${error.message}`) : error
  }
}

/**
 * Proves every log of a database against what was seen of it.
 * @param known the logs' keys as they are known from elsewhere, by origin
 * @throws RecoveryRefused evidence_broken, with the name of what is wrong: log_shrank, forked, bad_signature, wrong_log, bad_note
 */
export const proveLogs = async (pool: Pool, seen: readonly Seen[], known: ReadonlyMap<string, string>): Promise<ProvenLog[]> => {
  const logs = await listLogs(pool)
  const addressed = seen.map((one) => ({ ...one, origin: originOf(one) }))
  for (const { origin, by } of addressed) {
    if (!logs.some((log) => log.origin === origin)) throw new RecoveryRefused('evidence_broken', `wrong_log, ${by}: the database has no log ${origin}`)
  }
  const proven: ProvenLog[] = []
  for (const log of logs) proven.push(await proveLog(pool, log, addressed.filter(({ origin }) => origin === log.origin), keyOf(log, known)))
  return proven
}

const keyAbout = 'evidence_keys.key_sealed'

/** Whether this environment's keys open what is sealed, by the keys the logs are signed with. @throws RecoveryRefused wrong_keys */
export const checkKeys = async (pool: Pool, vault: Pick<Vault, 'open'>): Promise<void> => {
  for (const { office, origin, keySealed, verifierKey } of await listLogs(pool)) {
    let pem: string
    try {
      pem = vault.open(keySealed ?? '', keyAbout)
    } catch (error) {
      throw new RecoveryRefused('wrong_keys', `office ${office}: ${(error as Error).message}`)
    }
    if (noteKeyOf(origin, pem).verifierKey !== verifierKey) throw new RecoveryRefused('wrong_keys', `office ${office}: the log's key is not the one it is signed with`)
  }
}
