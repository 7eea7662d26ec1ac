import type { Contract } from '../../src/contracts/model.js'
import { newId } from '../../src/kernel/id.js'

/** An active contract of 10 sessions for ¥1,000, paid and untouched; a test says only what differs. */
export const aContract = (more: Partial<Contract> = {}): Contract => {
  const priceFen = more.priceFen ?? 100_000n
  return {
    id: newId('ctr', 1), merchantId: newId('mer', 1), consumerId: newId('per', 0), productId: newId('prd', 1), productVersion: 1,
    kind: 'sessions', status: 'active', frozen: null, release: 'per_session', objectionHours: 24, venueIds: null,
    units: 10n, unitsUsed: 0n, allocFen: 0n, takenFen: 0n, heldFen: priceFen, disputedFen: 0n, pendingFen: 0n,
    releasedFen: 0n, refundedFen: 0n, refundPaidFen: 0n, objectedFen: 0n, disputeId: null, version: 1,
    createdAt: new Date('2026-05-01T00:00:00Z'), signedAt: new Date('2026-05-01T00:00:00Z'), paidAt: new Date('2026-05-01T00:00:00Z'),
    depositedAt: new Date('2026-05-01T00:00:00Z'), coolingOffUntil: new Date('2026-05-08T00:00:00Z'),
    expiresAt: new Date('2027-05-01T00:00:00Z'), termStart: null, endedAt: null, ...more, priceFen, paidFen: more.paidFen ?? priceFen
  } as Contract
}
