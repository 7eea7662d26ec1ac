import { noLeaves, rootOf, withLeaves, type HashName, type Peaks } from './merkle.js'
import { openCheckpoint, type Checkpoint, type VerifierKey } from './note.js'
import { Refused } from './refused.js'
import type { RemoteLog } from './remote.js'

/*
 * Walks a log from the checkpoint that was kept to today's: every leaf since then is fetched and
 * hashed into the tree that was kept, so nothing is believed but arithmetic. What is kept is small:
 * the checkpoint, and the perfect subtrees that its tree is made of.
 */

export type Walked = Readonly<{ checkpoint: Checkpoint; peaks: Peaks }>

/** What is kept between two walks, as text. */
export const keptOf = ({ checkpoint: { note }, peaks }: Walked): string =>
  `${JSON.stringify({ checkpoint: note, peaks: peaks.hashes.map((hash) => hash.toString('base64')) }, null, 2)}\n`

/** @throws Refused bad_state, bad_signature, wrong_log */
export const walkedOf = (text: string, key: VerifierKey): Walked => {
  let kept: { checkpoint: string; peaks: string[] }
  try {
    kept = JSON.parse(text)
    if (typeof kept.checkpoint !== 'string' || !Array.isArray(kept.peaks)) throw new Error()
  } catch {
    throw new Refused('bad_state')
  }
  const checkpoint = openCheckpoint(kept.checkpoint, key)
  const peaks = { size: checkpoint.size, hashes: kept.peaks.map((one) => Buffer.from(String(one), 'base64')) }
  if (!rootOf(checkpoint.hash, peaks).equals(checkpoint.root)) throw new Refused('bad_state')
  return { checkpoint, peaks }
}

const grown = async (log: RemoteLog, hash: HashName, from: Peaks, to: number): Promise<Peaks> => {
  let peaks = from
  for await (const leaves of log.leafHashes(from.size, to)) peaks = withLeaves(hash, peaks, leaves)
  return peaks
}

/**
 * @param kept from the walk before; undefined: from the first leaf
 * @throws Refused log_shrank, forked, not_an_extension; bad_signature, wrong_log; unreachable
 */
export const walk = async (log: RemoteLog, key: VerifierKey, kept: Walked | undefined): Promise<Walked> => {
  const checkpoint = openCheckpoint(await log.checkpoint(), key)
  const from = kept?.peaks ?? noLeaves
  if (checkpoint.size < from.size) throw new Refused('log_shrank', `${checkpoint.size} < ${from.size}`)
  if (kept && kept.checkpoint.hash !== checkpoint.hash) throw new Refused('forked', 'another hash function')
  if (kept && checkpoint.size === from.size && !checkpoint.root.equals(kept.checkpoint.root)) throw new Refused('forked')
  const peaks = await grown(log, checkpoint.hash, from, checkpoint.size)
  if (!rootOf(checkpoint.hash, peaks).equals(checkpoint.root)) throw new Refused('not_an_extension')
  return { checkpoint, peaks }
}
