import { setTimeout as sleep } from 'node:timers/promises'
import { askDeadline as suspenseAsk } from '../src/bank/suspense.js'
import { askDeadline as refundByBankAsk } from '../src/refunds/bank-refunds.js'
import { askDeadline as refundAsk, retryDeadline as refundRetry } from '../src/refunds/sending.js'
import { askTheBank as payoutAsk } from '../src/settlement/payouts.js'
import { deals } from './acts/table.js'
import { newModel, type Model } from './model.js'
import { heal, strike } from './nemesis.js'
import { trySignIn, type Cast } from './people.js'
import type { Act, Lane, Storm } from './plan.js'
import type { Job, Stage } from './stage.js'
import type { World } from './world.js'

/** Plays storms: every lane does its acts one after the other, all lanes at once, while the nemesis strikes. */

export type Tally = {
  acts: number
  /** by deed: done, refused */
  deeds: Record<string, { done: number; refused: number }>
  faults: Record<string, number>
  /** acts whose answer did not come at first */
  lost: number
  refusals: Record<string, number>
}

export const newTally = (): Tally => ({ acts: 0, deeds: {}, faults: {}, lost: 0, refusals: {} })

export type Kept = Readonly<{ job: Job; reply: Readonly<{ status: number; body: unknown }> }>

export type Play = Stage & Readonly<{
  world: World
  tally: Tally
  /** acts without an answer, to be asked for after the storm */
  open: Readonly<{ act: Act; job: Job }>[]
  /** some that were answered: asked for again, they must be answered the same */
  kept: Kept[]
}>

export const newPlay = (world: World, cast: Cast, tally: Tally): Play =>
  ({ world, cast, client: world.client, model: newModel(cast), notifications: [], wrongs: [], tally, open: [], kept: [] })

const keptMax = 400
const impatientTries = 2
const patientTries = 9
const lastTries = 60

const count = (record: Record<string, number>, name: string): void => { record[name] = (record[name] ?? 0) + 1 }

const book = ({ tally }: Play, { deed }: Act, { status, body }: Kept['reply'], wasLost: boolean): void => {
  const counted = tally.deeds[deed] ??= { done: 0, refused: 0 }
  tally.acts += 1
  if (wasLost) tally.lost += 1
  if (status < 400) counted.done += 1
  else {
    counted.refused += 1
    count(tally.refusals, `${deed}: ${(body as { code?: string } | undefined)?.code ?? status}`)
  }
}

const isAnsweredByKey = ({ call: { method, key, path } }: Job): boolean =>
  method === 'POST' && key !== undefined && /^\/(contracts|redemptions|settlements|disputes)$|\/(payments|refunds|void|objection|approve|transfers|pauses)$/.test(path)

const keep = ({ kept, tally }: Play, answered: Kept): void => {
  if (kept.length < keptMax) kept.push(answered)
  else kept[tally.acts % keptMax] = answered
}

/** A session that has ended, or a second factor that is not fresh any more: the person signs in again. */
const isStale = ({ status, body }: Kept['reply']): boolean => status === 401 || (body as { code?: string } | undefined)?.code === 'step_up_required'

/** Asks as the person is signed in now, and once more after signing in anew where that is what it takes. */
const askAs = async ({ client }: Play, service: number, { person, call }: Job, tries: number) => {
  const current = (): Job['call'] => (person ? { ...call, token: person.token } : call)
  const answered = await client.ask(service, current(), tries)
  if (!answered || !person || !isStale(answered.reply)) return answered
  const granted = await trySignIn(client, service, person)
  if (!granted) return undefined
  person.token = granted.token
  const again = await client.ask(service, current(), tries)
  return again && { ...again, wasLost: answered.wasLost || again.wasLost }
}

const perform = async (play: Play, act: Act, job: Job, tries: number): Promise<void> => {
  const answered = await askAs(play, act.service, job, job.isRepeatable === false ? 1 : tries)
  if (!answered) {
    if (job.isRepeatable === false) { play.tally.acts += 1; play.tally.lost += 1 } else play.open.push({ act, job })
    return
  }
  const { reply, wasLost } = answered
  if (reply.status === 401 && act.deed !== 'repeat-notification') play.wrongs.push(`${job.call.path} was answered 401`)
  book(play, act, reply, wasLost)
  await job.settle(reply, wasLost)
  if (reply.status < 300 && isAnsweredByKey(job) && play.tally.acts % 11 === 0) keep(play, { job, reply })
}

const playAct = async (play: Play, act: Act): Promise<void> => {
  const job = await deals[act.deed](play, act) ?? (typeof act.lane === 'number' ? await deals.door(play, act) : undefined)
  if (job) await perform(play, act, job, act.isImpatient ? impatientTries : patientTries)
}

const lanesOf = (acts: readonly Act[]): Act[][] => {
  const lanes = new Map<Lane, Act[]>()
  for (const act of acts) {
    const lane = lanes.get(act.lane) ?? []
    lane.push(act)
    lanes.set(act.lane, lane)
  }
  return [...lanes.values()]
}

/** One storm, to its end: what is still unknown then is in `open`. */
export const weather = async (play: Play, { acts, faults }: Storm): Promise<void> => {
  const waiting = [...faults]
  const blows: Promise<void>[] = []
  let begun = 0
  const blow = async (fault: Storm['faults'][number]): Promise<void> => {
    await sleep(fault.delayMs)
    const struck = await strike(play.world, fault)
    if (struck) count(play.tally.faults, struck)
  }
  const begin = (): void => {
    begun += 1
    while (waiting[0] && waiting[0].after <= begun) blows.push(blow(waiting.shift() as Storm['faults'][number]))
  }
  await Promise.all(lanesOf(acts).map(async (lane) => {
    for (const act of lane) {
      begin()
      await playAct(play, act)
    }
  }))
  await Promise.all(blows)
}

/** Asks for every answer that did not come, under the same keys, until each has come. */
export const settle = async (play: Play): Promise<void> => {
  await heal(play.world)
  await Promise.all(play.open.splice(0).map(async ({ act, job }) => {
    const answered = await askAs(play, act.service, job, lastTries)
    if (!answered) {
      play.wrongs.push(`${job.call.method} ${job.call.path} is not answered although nothing is wrong any more`)
      return
    }
    book(play, act, answered.reply, true)
    await job.settle(answered.reply, true)
  }))
}

const busyHours = 12

/** Deadlines at which a channel or the bank is asked for an answer that was lost, or asked again to do what it refused. */
const askingKinds = [refundAsk, refundRetry, refundByBankAsk, payoutAsk, suspenseAsk]

/**
 * Lets time pass until nothing is left to be sent, tried again or asked for: deliveries of dead processes come back
 * from their leases, failed ones are retried, lost answers are asked for. What is still not known then is found by the checks.
 */
export const calm = async (play: Play): Promise<void> => {
  const { postgres, database } = play.world
  const left = () => postgres.asOwner(database, async (client) => (await client.query<{ waiting: number; asking: number }>(`
    select (select count(*)::int from outbox where delivered_at is null) as waiting, (select count(*)::int from deadlines where kind = any($1::text[])) as asking`, [askingKinds])).rows[0] ?? { waiting: 0, asking: 0 })
  for (let hours = 0; ; hours++) {
    const answered = await play.client.ask(0, { method: 'POST', path: '/sandbox/clock', body: { advanceSeconds: hours === 0 ? 130 : 3_700 }, timeoutMs: 120_000 }, 5)
    if (answered?.reply.status !== 200) throw new Error(`the clock does not move: ${JSON.stringify(answered?.reply)}`)
    const { waiting, asking } = await left()
    if (waiting + asking === 0) return
    if (hours < busyHours) continue
    if (waiting > 0) play.wrongs.push(`${waiting} deliveries are still not made after ${busyHours} hours of calm`)
    return
  }
}

export type { Model }
