import { anyone, worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { checkCosignature, checkpointOf, noteOf } from '../verify/note.js'
import { Refused } from '../verify/refused.js'
import type { Cosignature, CosignatureAnswer } from './model.js'
import { cosignatureRefused } from './problems.js'
import { findCheckpoint, insertCosignature, listCosignatures } from './store.js'
import type { WitnessKeys } from './witness-keys.js'

/*
 * Witnesses' cosignatures on checkpoints. Anybody may hand one in: it proves by itself who made it.
 * Kept are those of the witnesses that the deployment names, on checkpoints that the log published,
 * so that receipts can carry them.
 */

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; witnesses: WitnessKeys }>

const opened = (note: string) => {
  try {
    return { note: noteOf(note), treeSize: checkpointOf(note).size }
  } catch (error) {
    throw error instanceof Refused ? cosignatureRefused({ reason: 'bad_note' }) : error
  }
}

export const createWitnesses = ({ work, clock, witnesses }: Dependencies) => {
  /** The lines of those witnesses in a note. @throws cosignature_refused (422) */
  const linesIn = (text: string): Cosignature[] => {
    const { note, treeSize } = opened(text)
    const known = witnesses.filter(({ name, id }) => note.signatures.some((line) => line.name === name && line.id.equals(id)))
    if (known.length === 0) throw cosignatureRefused({ reason: 'unknown_witness' })
    return known.map((key) => {
      const line = note.signatures.find(({ name, id }) => name === key.name && id.equals(key.id)) as (typeof note.signatures)[number]
      try {
        return { treeSize, witness: key.name, line: `— ${line.name} ${Buffer.concat([line.id, line.signature]).toString('base64')}\n`, cosignedAt: checkCosignature(note, key) }
      } catch (error) {
        throw error instanceof Refused ? cosignatureRefused({ reason: 'bad_cosignature' }) : error
      }
    })
  }

  /**
   * Takes what witnesses hand in; the same again is what is there.
   * @throws cosignature_refused (422)
   */
  const receive = async (office: number, text: string): Promise<CosignatureAnswer> => {
    const lines = linesIn(text)
    const { treeSize } = lines[0] as Cosignature
    const published = await work.read(anyone, office, (tx) => findCheckpoint(tx, treeSize))
    // The whole of what was signed must be the same: another root under our key would be a fork.
    if (!published || noteOf(published.note).text !== noteOf(text).text) throw cosignatureRefused({ reason: 'other_checkpoint' })
    return work.write(worker, office, async (tx) => {
      for (const line of lines) await insertCosignature(tx, line, clock.now())
      return { treeSize, witnesses: (await listCosignatures(tx, treeSize)).map(({ witness }) => witness) }
    })
  }

  return { receive }
}

export type Witnesses = ReturnType<typeof createWitnesses>
