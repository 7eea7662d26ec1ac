import type { Tx } from '../db/unit-of-work.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Contract, ContractId } from './model.js'
import { findContract, lockContracts, updateContracts } from './store.js'

export const createContracts = () => {
  /** @throws not_found (404), also for a contract that is not the caller's to see */
  const find = async (tx: Tx, id: ContractId): Promise<Contract> => {
    const contract = await findContract(tx, id)
    if (!contract) throw notFound({})
    return contract
  }

  /** Locks one contract, the first of the fixed order of locks. @throws not_found (404) */
  const lock = async (tx: Tx, id: ContractId): Promise<Contract> => {
    const [contract] = await lockContracts(tx, [id])
    if (!contract) throw notFound({})
    return contract
  }

  /** Locks several contracts, in id order; every one must exist. */
  const lockMany = async (tx: Tx, ids: readonly ContractId[]): Promise<Map<ContractId, Contract>> => {
    const locked = new Map((await lockContracts(tx, ids)).map((contract) => [contract.id, contract]))
    invariant(locked.size === new Set(ids).size, 'a contract to lock is missing')
    return locked
  }

  /** Saves contracts that this transaction has locked. */
  const save = (tx: Tx, ...changed: readonly Contract[]): Promise<void> => updateContracts(tx, changed)

  return { find, lock, lockMany, save }
}

export type Contracts = ReturnType<typeof createContracts>
