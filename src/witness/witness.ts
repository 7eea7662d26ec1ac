import { checkConsistency } from '../verify/merkle.js'
import { noteOf, openCheckpoint, type VerifierKey } from '../verify/note.js'
import { Refused } from '../verify/refused.js'
import type { RemoteLog } from '../verify/remote.js'
import { cosignatureLine, type WitnessKey } from './key.js'

/*
 * A witness remembers the last checkpoint of a log that it has cosigned, and cosigns the next one
 * only when a proof shows that it extends that. Whoever holds the log's key and database may make
 * up another history, but not one that continues what the witness remembers.
 */

/** What a witness remembers, durably: it must be written before the cosignature leaves the house. */
export type Memory = Readonly<{
  /** the last checkpoint that was cosigned; undefined at first */
  recall: () => Promise<string | undefined>
  remember: (checkpoint: string) => Promise<void>
}>

type Dependencies = Readonly<{ log: RemoteLog; logKey: VerifierKey; witnessKey: WitnessKey; memory: Memory; now: () => Date }>

/** Two checkpoints, both signed by the log, that cannot both be true. */
export class Contradiction extends Error {
  override readonly name = 'Contradiction'
  override readonly cause: Refused
  readonly kept: string
  readonly shown: string

  constructor (cause: Refused, kept: string, shown: string) {
    super(cause.message)
    this.cause = cause
    this.kept = kept
    this.shown = shown
  }
}

export type Cosigned = Readonly<{ size: number; /** the note with the witness's line added */ note: string; line: string; isNew: boolean }>

/**
 * Looks at the log once.
 * @throws Contradiction: the alarm; Refused bad_signature, wrong_log, unreachable, bad_state
 */
export const witnessOnce = async ({ log, logKey, witnessKey, memory, now }: Dependencies): Promise<Cosigned> => {
  const shown = await log.checkpoint()
  const next = openCheckpoint(shown, logKey)
  const kept = await memory.recall()
  if (kept !== undefined) {
    const last = openCheckpoint(kept, logKey)
    try {
      const proof = last.size > 0 && next.size > last.size ? await log.consistency(last.size, next.size) : []
      if (next.hash !== last.hash) throw new Refused('forked', 'another hash function')
      checkConsistency(next.hash, last.size, last.root, next.size, next.root, proof)
    } catch (error) {
      throw error instanceof Refused && error.code !== 'unreachable' ? new Contradiction(error, kept, shown) : error
    }
  }
  await memory.remember(shown)
  const line = cosignatureLine(noteOf(shown), witnessKey, now())
  return { size: next.size, note: shown + line, line, isNew: kept !== shown }
}
