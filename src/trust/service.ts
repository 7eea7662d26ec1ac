import { anyone, type UnitOfWork } from '../db/unit-of-work.js'
import { dateOf } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { notFound } from '../kernel/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import type { Products } from '../products/service.js'
import type { TrustPage } from './model.js'
import { checks, firstLeaseEnd, isSuspended, maskedAccount } from './rules.js'
import { findBand } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Pick<Offices, 'findByNumber'>
  merchants: Pick<Merchants, 'find' | 'venuesOf'>
  products: Pick<Products, 'capRules'>
  /** Where the service is reached from outside. */
  publicUrl: string
}>

/** What anyone may know of a merchant, read as nobody in particular. */
export const createTrust = ({ work, clock, offices, merchants, products, publicUrl }: Dependencies) => {
  const address = (path: string): string => `${publicUrl}/v1/${path}`

  /** @throws not_found (404), also for one that was never accepted */
  const page = async (merchantId: MerchantId): Promise<TrustPage> => {
    const office = await offices.findByNumber(officeOf(merchantId))
    if (!office) throw notFound({})
    return work.read(anyone, office.number, async (tx) => {
      const { name, creditCode, category, district, status, approvedAt } = await merchants.find(tx, merchantId)
      const venues = await merchants.venuesOf(tx, merchantId)
      const { value: caps, source, isOverdue } = await products.capRules(tx, district, dateOf(clock.now()))
      const { bankName, accountName, accountNumber, origin } = office
      return {
        merchantId, name, creditCode, category, district, status,
        underCustodySince: approvedAt && dateOf(approvedAt),
        activeContracts: await findBand(tx, merchantId) ?? '0',
        salesSuspended: isSuspended(status),
        caps: { source, isOverdue, sessions: caps.sessions, period: caps.period, storedValue: caps.stored_value, balanceFenMax: caps.balanceFenMax },
        leaseUntil: firstLeaseEnd(venues),
        venues,
        office: { id: office.id, name: office.name },
        beforePaying: {
          account: { bankName, accountName, accountNumber: maskedAccount(accountNumber) },
          certificateCheck: address('certificates/{number}'),
          evidence: { origin, checkpoint: address(`evidence/checkpoint?officeId=${office.id}`), key: address(`evidence/key?officeId=${office.id}`) },
          checks: [...checks]
        }
      }
    })
  }

  return { page }
}

export type Trust = ReturnType<typeof createTrust>
