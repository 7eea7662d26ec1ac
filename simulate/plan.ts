import { randomOf, type Random } from './random.js'

/*
 * Who does what, and what strikes when, decided by the seed alone before anything runs. Acts come
 * from one stream and faults from another, so that a change to the one leaves the other as it was;
 * and a storm's place in the plan depends on nothing after it, so that a shorter run is the
 * beginning of a longer one.
 */

export const consumers = 32
export const shops = 3

export type Desk = 'counter' | 'notary' | 'court' | 'bank'

/** Whose turn it is: a consumer by number, or one of the desks at which staff work. */
export type Lane = number | Desk

/** What a person sets out to do; when there is nothing of the kind to do, a consumer comes to the door instead. */
export type Deed =
  | 'door' | 'purchase' | 'object' | 'withdraw' | 'leave' | 'cancel' | 'dispute' | 'argue' | 'hand-over' | 'take-over' | 'pause' | 'sign-in' | 'pay-again' | 'file' | 'reactivate'
  | 'void' | 'consent' | 'answer-offer' | 'answer-pause'
  | 'approve-refund' | 'reject-refund' | 'draft' | 'approve' | 'call-off' | 'refuse-deposit' | 'execute'
  | 'assign' | 'decide'
  | 'repeat-notification' | 'send-back' | 'clock'

export type Act = Readonly<{
  lane: Lane
  deed: Deed
  /** picks among what there is to do it with */
  which: number
  /** how much, or in which way */
  how: number
  /** Gives up on an answer that does not come; it is asked for again, under the same key, after the storm. */
  isImpatient: boolean
  /** the process it turns to first */
  service: number
}>

export const faultKinds = [
  'kill-service', 'kill-both', 'kill-postgres', 'kill-backend', 'freeze-service', 'cut-database', 'stall-database', 'cut-clients', 'stall-clients', 'bank-answers', 'port'
] as const
export type FaultKind = typeof faultKinds[number]

export const ports = ['sms', 'bank', 'channel', 'notifications', 'timestamps', 'storage'] as const

export type Fault = Readonly<{
  kind: FaultKind
  /** strikes when so many acts of the storm have begun */
  after: number
  /** and so many milliseconds later */
  delayMs: number
  lastsMs: number
  service: number
  which: number
}>

export type Storm = Readonly<{ acts: readonly Act[]; faults: readonly Fault[] }>

const deeds: readonly (readonly [Deed, number])[] = [
  ['door', 760], ['purchase', 30], ['object', 28], ['withdraw', 10], ['leave', 10], ['cancel', 2], ['dispute', 5], ['argue', 8], ['hand-over', 5], ['take-over', 8], ['pause', 4],
  ['sign-in', 3], ['pay-again', 3], ['file', 3], ['reactivate', 2],
  ['void', 24], ['consent', 6], ['answer-offer', 5], ['answer-pause', 4],
  ['approve-refund', 12], ['reject-refund', 2], ['draft', 6], ['approve', 6], ['call-off', 1], ['refuse-deposit', 1], ['execute', 6],
  ['assign', 4], ['decide', 6],
  ['repeat-notification', 14], ['send-back', 2], ['clock', 3]
]

const deskOf: Readonly<Partial<Record<Deed, Desk>>> = {
  void: 'counter', consent: 'counter', 'answer-offer': 'counter', 'answer-pause': 'counter',
  'approve-refund': 'notary', 'reject-refund': 'notary', draft: 'notary', approve: 'notary', 'call-off': 'notary', 'refuse-deposit': 'notary', execute: 'notary',
  assign: 'court', decide: 'court',
  'repeat-notification': 'bank', 'send-back': 'bank', clock: 'bank'
}

const kinds: readonly (readonly [FaultKind, number])[] = [
  ['kill-service', 22], ['kill-both', 2], ['kill-postgres', 4], ['kill-backend', 3], ['freeze-service', 4], ['cut-database', 8], ['stall-database', 6], ['cut-clients', 10], ['stall-clients', 6],
  ['bank-answers', 8], ['port', 30]
]

const actOf = (random: Random): Act => {
  const deed = random.weighted(deeds)
  return {
    deed, lane: deskOf[deed] ?? random.below(consumers), which: random.below(1_000_003), how: random.below(1_000_003),
    isImpatient: random.chance(1, 6), service: random.below(2)
  }
}

const faultOf = (random: Random, among: number): Fault => ({
  kind: random.weighted(kinds), after: random.below(among), delayMs: random.below(250), lastsMs: 50 + random.below(random.chance(1, 5) ? 4_000 : 700),
  service: random.below(2), which: random.below(1_000_003)
})

/** Faults of one storm of so many acts. */
const faultsIn = 6

export const usualStormSize = 1_000

export type PlanOptions = Readonly<{ seed: number; steps: number; stormSize?: number }>

/** Everything of a run: `steps` acts, in storms of `stormSize`. */
export const planOf = ({ seed, steps, stormSize = usualStormSize }: PlanOptions): Storm[] => {
  const [people, nemesis] = [randomOf(seed, 0), randomOf(seed, 1)]
  const storms: Storm[] = []
  for (let begun = 0; begun < steps; begun += stormSize) {
    const acts = Array.from({ length: stormSize }, () => actOf(people)).slice(0, steps - begun)
    const faults = Array.from({ length: faultsIn }, () => faultOf(nemesis, stormSize)).filter(({ after }) => after < acts.length)
    storms.push({ acts, faults: faults.sort((a, b) => a.after - b.after) })
  }
  return storms
}
