import { z } from 'zod'
import { BusinessDate } from '../kernel/calendar.js'
import { Fen } from '../kernel/money.js'
import { MerchantCategory, MerchantId, MerchantStatus, Venue } from '../merchants/model.js'
import { OfficeId } from '../offices/model.js'

/** How many contracts are active: in bands, so that no single sale can be told from them. */
export const ContractBand = z.enum(['0', '1-9', '10-49', '50-99', '100-499', '500-999', '1000+'])
export type ContractBand = z.infer<typeof ContractBand>

export const TrustPage = z.object({
  merchantId: MerchantId,
  name: z.string(),
  creditCode: z.string().meta({ description: 'Unified social credit code, as in the company register' }),
  category: MerchantCategory,
  district: z.string(),
  status: MerchantStatus,
  underCustodySince: BusinessDate.nullable().meta({ description: 'The day the notary accepted the merchant: what is paid from then on is on deposit' }),
  activeContracts: ContractBand,
  salesSuspended: z.boolean().meta({ description: 'No new sales: suspended by the notary, closing or closed. Redemptions and refunds go on' }),
  caps: z.object({
    source: z.string(),
    isOverdue: z.boolean().meta({ description: 'Past its end without a successor: it stays in force' }),
    sessions: z.object({ priceFenMax: Fen, sessionsMax: z.int() }),
    period: z.object({ priceFenMax: Fen, daysMax: z.int() }),
    storedValue: z.object({ priceFenMax: Fen }),
    balanceFenMax: Fen.meta({ description: 'All kinds together, of one consumer with this merchant' })
  }).meta({ description: 'The most that may be prepaid' }),
  leaseUntil: BusinessDate.nullable().meta({ description: 'The first lease to end: nothing is sold that ends after it' }),
  venues: z.array(Venue),
  office: z.object({ id: OfficeId, name: z.string() }),
  beforePaying: z.object({
    account: z.object({ bankName: z.string(), accountName: z.string(), accountNumber: z.string().meta({ description: 'Masked but for its end: compare it with what the payment shows' }) })
      .meta({ description: 'The notary office\'s special account: money goes nowhere else' }),
    certificateCheck: z.string().meta({ description: 'Where the certificate of a deposit is checked, by its number' }),
    evidence: z.object({
      origin: z.string().meta({ description: 'The name of the office\'s evidence log' }),
      checkpoint: z.string().meta({ description: 'The log\'s newest checkpoint' }),
      key: z.string().meta({ description: 'The key it is signed with' })
    }),
    checks: z.array(z.object({ zh: z.string(), en: z.string() })).meta({ description: 'What to look at before paying, in plain words' })
  })
}).meta({ id: 'TrustPage' })
export type TrustPage = z.output<typeof TrustPage>
