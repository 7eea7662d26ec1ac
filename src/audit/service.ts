import type { Tx } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { insertAuditRow } from './store.js'

/** Staff: everyone who acts for an office, an authority or the platform. */
const staff: ReadonlySet<Caller['end']> = new Set(['notary', 'operator', 'bureau', 'adjudicator', 'administrator'])

export const createAudit = ({ clock }: Readonly<{ clock: Clock }>) => {
  // Offices in whose log this process wrote since the chain was last made longer.
  const written = new Set<number>()

  return {
    /** Records that a person of the staff changes something; the unit of work calls this in every such transaction. */
    record: async (tx: Tx, caller: Caller): Promise<void> => {
      if (!staff.has(caller.end)) return
      await insertAuditRow(tx, {
        officeId: tx.office, id: newId('aud', tx.office), at: clock.now(), personId: caller.personId, end: caller.end,
        sessionId: caller.sessionId, operation: caller.request.operation, requestId: caller.request.id,
        address: caller.request.address, asRole: tx.actor.role
      })
      tx.afterCommit(() => {
        written.add(tx.office)
        return Promise.resolve()
      })
    },
    /** Whether there is something new in an office's log, as far as this process knows; asked once. */
    takeWritten: (office: number): boolean => written.delete(office)
  }
}

export type Audit = ReturnType<typeof createAudit>
