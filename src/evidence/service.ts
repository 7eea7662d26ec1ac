import type { Tx } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { entryOf } from './entry.js'
import type { EvidenceInput, Fact } from './model.js'
import { insertEntries } from './store.js'

type Dependencies = Readonly<{ clock: Clock }>

export const createEvidence = ({ clock }: Dependencies) => {
  /** Writes the leaf of an event, in the event's own transaction. The ledger does so for every transfer. */
  const append = async (tx: Tx, input: EvidenceInput): Promise<void> => {
    const id = newId('evd', tx.office)
    await insertEntries(tx, [{
      officeId: tx.office, id, fact: input.fact, subject: input.subject,
      transferId: input.transferId ?? null, contractId: input.contractId ?? null, merchantId: input.merchantId ?? null,
      entry: entryOf(tx.office, id, input), openings: input.openings ?? null, createdAt: clock.now()
    }])
  }

  /** Writes the leaf of an event that moved no money. */
  const appendFact = (tx: Tx, input: EvidenceInput & { fact: Fact }): Promise<void> => append(tx, input)

  return { append, appendFact }
}

export type Evidence = ReturnType<typeof createEvidence>
