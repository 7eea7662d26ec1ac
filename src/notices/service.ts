import { smsTopic, type SmsPayload } from '../channels/sms/sms.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import type { People } from '../identity/people.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import type { Id } from '../kernel/id.js'
import type { Merchants } from '../merchants/service.js'
import type { Outbox } from '../outbox/service.js'

type Dependencies = Readonly<{
  clock: Clock
  outbox: Outbox
  people: Pick<People, 'personOf'>
  merchants: Pick<Merchants, 'ownerPhoneOf'>
}>

/** What happened, once: the key makes a repeat harmless. */
export type Notice = Readonly<{ key: string; text: string }>

const uselessAfterMs = 7 * dayMs

/**
 * Tells a party by SMS what another has done. Numbers are the service's own to read: the caller's
 * end does not see them.
 */
export const createNotices = ({ clock, outbox, people, merchants }: Dependencies) => {
  const send = (tx: Tx, phone: string, { key, text }: Notice): Promise<void> => {
    const payload: SmsPayload = { phone, text: `【提存】${text}`, uselessAfter: after(clock.now(), uselessAfterMs).toISOString() }
    return outbox.send(tx, { topic: smsTopic, key, payload })
  }

  /** Tells a person, in a transaction of any role. */
  const tellPerson = (tx: Tx, personId: Id<'per'>, notice: Notice): Promise<void> =>
    inRole(tx, 'worker', async (tx) => send(tx, (await people.personOf(tx, personId)).phone, notice))

  /** Tells the owner of a merchant, in a transaction of any role. */
  const tellMerchant = (tx: Tx, merchantId: Id<'mer'>, notice: Notice): Promise<void> =>
    inRole(tx, 'worker', async (tx) => send(tx, await merchants.ownerPhoneOf(tx, merchantId), notice))

  return { tellPerson, tellMerchant }
}

export type Notices = ReturnType<typeof createNotices>
