import { inRole, type Tx } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { SignInId, type PersonId, type SignInFilter, type SignInOutcome, type SignInRecord } from './model.js'
import { odditiesOf, usualSince } from './rules.js'
import { deleteSignIns, insertSignIn, listSignIns, listUsualSignIns } from './store.js'

type Dependencies = Readonly<{ clock: Clock }>

type Attempt = Readonly<{ personId: PersonId; end: Caller['end']; office: number | null; outcome: SignInOutcome; request: Caller['request'] }>

const unknownDevice = ''

/** Who signed in from where by what, and how that differs from what is usual for the person. */
export const createSignIns = ({ clock }: Dependencies) => {
  /** Identity role. */
  const record = async (tx: Tx, { personId, end, office, outcome, request }: Attempt): Promise<void> => {
    const seen = { address: request.address, device: request.device ?? unknownDevice, at: clock.now() }
    const unusual = odditiesOf(await listUsualSignIns(tx, personId, usualSince(seen.at)), seen)
    await insertSignIn(tx, { id: newId('sgn', 0), personId, end, office, outcome, unusual, ...seen })
  }

  /** Newest first, of those that the transaction's role may see. */
  const list = async (tx: Tx, filter: SignInFilter): Promise<PageOf<SignInRecord>> => {
    const rows = await listSignIns(tx, { personId: filter.personId, unusualOnly: filter.unusual ?? false }, positionOf(filter, SignInId), filter.limit + 1)
    const { items, nextCursor } = pageOf(rows, filter, ({ id }) => id)
    return { items: items.map(({ id, personId, end, outcome, unusual, address, device, at }) => ({ id, personId, end, outcome, unusual: unusual as SignInRecord['unusual'], address, device, at })), nextCursor }
  }

  /** Forgets those of before an instant, when the law no longer asks for them. */
  const forget = (tx: Tx, before: Date): Promise<void> => inRole(tx, 'identity', (tx) => deleteSignIns(tx, { before }))

  /** Forgets all of a person. */
  const forgetPerson = (tx: Tx, personId: PersonId): Promise<void> => inRole(tx, 'identity', (tx) => deleteSignIns(tx, { personId }))

  return { record, list, forget, forgetPerson }
}

export type SignIns = ReturnType<typeof createSignIns>
