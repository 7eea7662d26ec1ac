import type { Contract, ContractId } from '../contracts/model.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { newId } from '../kernel/id.js'
import { sum } from '../kernel/money.js'
import type { Ledger } from '../ledger/service.js'
import type { Objection, Release } from '../redemptions/model.js'
import { disputeOpened } from './postings.js'
import { freezePending, negotiationDeadline } from './rules.js'
import { endUntakenLines, insertDispute, insertFreezeLine, lockUntakenLines, takeUpLines } from './store.js'

type Dependencies = Readonly<{ ledger: Ledger; evidence: Evidence }>

export const createDisputes = ({ ledger, evidence }: Dependencies) => {
  /** What a refund of a contract left frozen and no dispute has taken up, in fen. */
  const openFrozenOf = async (tx: Tx, contractId: ContractId): Promise<bigint> =>
    sum((await lockUntakenLines(tx, contractId)).map(({ amountFen }) => amountFen))

  /**
   * Enters what a refund leaves frozen out of the held money, because it is contested: in the open
   * dispute, or, while there is only an objection, on its own. The refund's own transfer books it.
   */
  const freezeContested = (tx: Tx, { id: contractId, disputeId }: Contract, amountFen: bigint): Promise<void> =>
    // The notary approves a refund; freezing and unfreezing are the service's own.
    inRole(tx, 'worker', (asWorker) => insertFreezeLine(asWorker, { id: newId('frz', tx.office), disputeId, contractId, source: 'held', releaseId: null, amountFen }))

  /** Replaces what a refund left frozen by what is still contested of it. */
  const refreezeContested = async (tx: Tx, contract: Contract, amountFen: bigint, at: Date): Promise<void> => {
    await endUntakenLines(tx, contract.id, at)
    if (amountFen > 0n) await freezeContested(tx, contract, amountFen)
  }

  /**
   * Opens a dispute for the consumer over a release whose objection nobody answered within its time,
   * and freezes the release's money. The caller holds the locks and saves contract and release.
   * @returns the contract after it; undefined while another dispute of the contract is open
   */
  const openFromObjection = async (tx: Tx, { contract, release, objection, at }: { contract: Contract; release: Release; objection: Objection; at: Date }): Promise<Contract | undefined> => {
    if (contract.disputeId !== null) return undefined
    const id = newId('dsp', tx.office)
    const after = freezePending(contract, id, release.amountFen)
    const deadlineAt = negotiationDeadline(at)
    const frozenFen = release.amountFen + await openFrozenOf(tx, contract.id)
    await insertDispute(tx, {
      id, contractId: contract.id, merchantId: contract.merchantId, claimant: 'consumer', stage: 'negotiation',
      ground: 'service_not_as_agreed', statement: objection.reason, claimFen: frozenFen, frozenFen,
      openedAt: at, deadlineAt
    })
    await takeUpLines(tx, contract.id, id)
    if (release.amountFen > 0n) await insertFreezeLine(tx, { id: newId('frz', tx.office), disputeId: id, contractId: contract.id, source: 'pending', releaseId: release.id, amountFen: release.amountFen })
    const transferId = await ledger.post(tx, disputeOpened(after, id, { heldFen: 0n, pendingFen: release.amountFen }, at))
    if (transferId === undefined) await evidence.appendFact(tx, { fact: 'dispute-opened', subject: id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: at, payload: {} })
    return after
  }

  return { openFromObjection, openFrozenOf, freezeContested, refreezeContested }
}

export type Disputes = ReturnType<typeof createDisputes>
