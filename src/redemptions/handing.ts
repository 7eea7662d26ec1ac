import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import type { Tx } from '../db/unit-of-work.js'
import { newId } from '../kernel/id.js'
import type { Ledger } from '../ledger/service.js'
import { windowsClosed } from './postings.js'
import { closeWindow } from './rules.js'
import { deleteCodesOf, lockPending, markPayable } from './store.js'

type Dependencies = Readonly<{ contracts: Pick<Contracts, 'save'>; ledger: Ledger }>

/** What becomes of a contract's releases and codes when another consumer takes it over. The caller holds the contract's lock, as the worker. */
export const createHanding = ({ contracts, ledger }: Dependencies) => {
  /** The holder has nothing against what is pending: its windows close now, and it is payable. */
  const confirmPending = async (tx: Tx, before: Contract, at: Date): Promise<Contract> => {
    const rows = await lockPending(tx, before.id)
    const amountFen = rows.reduce((sum, row) => sum + row.amountFen, 0n)
    if (rows.length === 0) return before
    const contract = closeWindow(before, amountFen)
    await contracts.save(tx, contract)
    await markPayable(tx, rows.map(({ id }) => id))
    await ledger.post(tx, windowsClosed(contract.merchantId, [contract], new Map([[contract.id, amountFen]]), newId('run', tx.office), at))
    return contract
  }

  /** Codes the former holder has made are good no more. */
  const forgetCodes = (tx: Tx, contractId: ContractId): Promise<void> => deleteCodesOf(tx, contractId)

  return { confirmPending, forgetCodes }
}

export type Handing = ReturnType<typeof createHanding>
