import type { Tx } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { entryOf } from './entry.js'
import type { EvidenceInput, Fact } from './model.js'
import { findCheckpoint, insertEntries, listEntriesFrom } from './store.js'

type Dependencies = Readonly<{ clock: Clock }>

export const createEvidence = ({ clock }: Dependencies) => {
  /** Writes the leaves of events, in the events' own transaction. The ledger does so for every transfer. */
  const appendAll = async (tx: Tx, inputs: readonly EvidenceInput[]): Promise<void> => {
    await insertEntries(tx, inputs.map((input) => {
      const id = newId('evd', tx.office)
      return {
        id, fact: input.fact, subject: input.subject,
        transferId: input.transferId ?? null, contractId: input.contractId ?? null, merchantId: input.merchantId ?? null,
        entry: entryOf(tx.office, id, input), openings: input.openings ?? null
      }
    }), clock.now())
  }

  /** Writes the leaf of an event that moved no money. */
  const appendFact = (tx: Tx, input: EvidenceInput & { fact: Fact }): Promise<void> => appendAll(tx, [input])

  /** How many entries the office's log has. */
  const sizeOf = async (tx: Tx): Promise<number> => (await findCheckpoint(tx))?.treeSize ?? 0

  return { appendAll, appendFact, sizeOf, /** For what follows the log. */ entriesFrom: listEntriesFrom }
}

export type Evidence = ReturnType<typeof createEvidence>
