import type { Answer } from './client.js'
import type { Bought, Pool } from './model.js'

/** At the door: the consumer shows a code that lives a minute, the cashier scans it. */

export const codeOf = async ({ consumer, contractId }: Bought): Promise<string> =>
  (await consumer.post(`/contracts/${contractId}/check-in-codes`)).code

/** Takes sessions, or an amount of face value, off a card. */
export const checkIn = async ({ cashier, venueId }: Pool, bought: Bought, what: Readonly<{ sessions?: number; amountFen?: number }> = {}): Promise<any> =>
  cashier.post('/redemptions', { code: await codeOf(bought), venueId, ...what })

/** The same with a code in hand, whatever the answer. */
export const tryCheckIn = ({ cashier, venueId }: Pool, code: string, key?: string): Promise<Answer> =>
  cashier.call('POST', '/redemptions', { body: { code, venueId }, key })
