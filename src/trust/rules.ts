import type { Text } from '../kernel/problem.js'
import type { MerchantStatus, Venue } from '../merchants/model.js'

/*
 * What a consumer may know before paying, and check without trusting anyone: since when the
 * merchant is under custody, how much may be prepaid, until when it has its rooms, whether it may
 * sell at all, and where the money goes. Nothing of any other consumer: contracts are told in bands.
 */

/** Sales go on with an active merchant only. */
export const isSuspended = (status: MerchantStatus): boolean => status !== 'active'

/** The lease that ends first. */
export const firstLeaseEnd = (venues: readonly Venue[]): string | null =>
  venues.map(({ leaseUntil }) => leaseUntil).sort()[0] ?? null

/** All but the end hidden. */
export const maskedAccount = (accountNumber: string): string => `****${accountNumber.slice(-4)}`

export const checks: readonly Text[] = [
  { zh: '收款方须为公证处的提存专户,户名与尾号与本页一致;要求转入商户或个人账户的,请勿付款。', en: 'The payee is the notary office\'s special account, with the name and the last digits shown here. If you are asked to pay a merchant or a person, do not.' },
  { zh: '付款后会得到提存公证书编号,可在本页所列地址查验真伪。', en: 'After paying you get the number of a deposit certificate, which can be checked at the address shown here.' },
  { zh: '金额、次数、期限超过本页所列上限的,不得销售。', en: 'Nothing may be sold above the caps shown here.' },
  { zh: '到期日晚于场馆租期的,不得销售。', en: 'Nothing may be sold that ends after the lease of a venue.' },
  { zh: '存证日志的检查点由公证处签名,任何人都可以验证其未被改动。', en: 'The checkpoint of the evidence log is signed by the office; anyone can verify that nothing was changed.' }
]
