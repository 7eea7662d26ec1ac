import type { Contract, ContractId } from '../contracts/model.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import { after, dateOf, hourMs } from '../kernel/calendar.js'
import { newId } from '../kernel/id.js'
import type { Ledger } from '../ledger/service.js'
import { daysTakenBack } from './postings.js'
import { takeBackDays } from './rules.js'
import { findLastVisit, insertRelease, listDaysToTakeBack, listReleasesOfContract, lockDaysToTakeBack, updateTakenBack } from './store.js'

type Dependencies = Readonly<{ ledger: Ledger }>

/** What a refund that closes a contract needs to know of its releases, and does to them. */
export const createClosings = ({ ledger }: Dependencies) => {
  /** Units and money that are contested: under an objection, or pending in a dispute. */
  const contestedOf = async (tx: Tx, contractId: ContractId): Promise<Readonly<{ units: bigint; amountFen: bigint }>> => {
    const rows = await listReleasesOfContract(tx, contractId, ['objected', 'disputed'])
    return rows.reduce((sum, { units, amountFen }) => ({ units: sum.units + units, amountFen: sum.amountFen + amountFen }), { units: 0n, amountFen: 0n })
  }

  /** The contract as it would be with all but `keep` days of its term taken back, where they still can be. Nothing is written. */
  const withoutDays = async (tx: Tx, contract: Contract, keep: bigint): Promise<Contract> =>
    contract.unitsUsed <= keep ? contract : takeBackDays(contract, await listDaysToTakeBack(tx, contract.id), keep).contract

  /** Takes them back. The caller holds the contract's lock and saves what is returned. @param reference what ended the term */
  const takeBack = async (tx: Tx, contract: Contract, keep: bigint, reference: string, at: Date): Promise<Contract> => {
    if (contract.unitsUsed <= keep) return contract
    const taken = takeBackDays(contract, await lockDaysToTakeBack(tx, contract.id), keep)
    for (const row of taken.changed) await updateTakenBack(tx, row, reference)
    await ledger.post(tx, daysTakenBack(taken.contract, taken, reference, at))
    return taken.contract
  }

  /**
   * Enters what a refund leaves to the merchant as a release: payable at once, or pending for an
   * objection window. The refund's own transfer books it.
   */
  const releaseRest = async (tx: Tx, contract: Contract, amountFen: bigint, state: 'pending' | 'payable', at: Date): Promise<void> => {
    if (amountFen === 0n) return
    // A notary may not release anything by hand; what an approved refund leaves is the one exception.
    await inRole(tx, 'worker', (asWorker) => insertRelease(asWorker, {
      id: newId('red', tx.office), contractId: contract.id, merchantId: contract.merchantId, kind: 'closing', state,
      units: 0n, amountFen, unitsLeft: null, date: dateOf(at), createdAt: at,
      dueAt: state === 'payable' ? at : after(at, contract.objectionHours * hourMs), venueId: null, cashierId: null, itemId: null
    }))
  }

  return { contestedOf, lastVisitOf: findLastVisit, withoutDays, takeBack, releaseRest }
}

export type Closings = ReturnType<typeof createClosings>
