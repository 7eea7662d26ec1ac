import type { ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { newId } from '../kernel/id.js'
import type { Ledger } from '../ledger/service.js'
import type { MerchantId } from '../merchants/model.js'
import type { Job } from '../timetable/service.js'
import type { Release } from './model.js'
import { windowsClosed } from './postings.js'
import { closeWindow } from './rules.js'
import { findNextWindow, listMerchantsWithWindowsOver, listWindowsOver, lockWindowsOver, markPayable } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; contracts: Contracts; ledger: Ledger }>

const runMax = 500
const minuteMs = 60_000

/**
 * Objection windows that are over: pending becomes payable, by one transfer for each merchant and
 * run. The run picks ids unlocked, locks their contracts in id order and reads the rows again, so
 * that it is safe twice, late, in two processes, and against voids and objections.
 */
export const createWindows = ({ work, contracts, ledger }: Dependencies): Job => {
  const close = async (tx: Tx, merchantId: MerchantId, over: readonly Release[], at: Date): Promise<void> => {
    const amounts = new Map<ContractId, bigint>()
    for (const { contractId, amountFen } of over) amounts.set(contractId, (amounts.get(contractId) ?? 0n) + amountFen)
    const locked = await contracts.lockMany(tx, [...amounts.keys()])
    const after = [...locked.values()].map((contract) => closeWindow(contract, amounts.get(contract.id) ?? 0n))
    await contracts.save(tx, ...after)
    await markPayable(tx, over.map(({ id }) => id))
    await ledger.post(tx, windowsClosed(merchantId, after, amounts, newId('run', tx.office), at))
  }

  /** @returns how many rows the run picked */
  const runOnce = (office: number, merchantId: MerchantId, at: Date): Promise<number> =>
    work.write(worker, office, async (tx) => {
      const picked = await listWindowsOver(tx, merchantId, at, runMax)
      if (picked.length === 0) return 0
      await contracts.lockMany(tx, [...new Set(picked.map(({ contractId }) => contractId))])
      const over = await lockWindowsOver(tx, picked.map(({ id }) => id), at)
      if (over.length > 0) await close(tx, merchantId, over, at)
      return picked.length
    })

  return {
    name: 'windows',
    // To the minute, so that a moved clock stops once a minute and not at every row.
    nextDue: async (office) => {
      const due = await work.read(worker, office, findNextWindow)
      return due && new Date(Math.ceil(due.getTime() / minuteMs) * minuteMs)
    },
    run: async (office, at) => {
      const merchants = await work.read(worker, office, (tx) => listMerchantsWithWindowsOver(tx, at))
      for (const merchantId of merchants) while (await runOnce(office, merchantId, at) === runMax);
    }
  }
}
