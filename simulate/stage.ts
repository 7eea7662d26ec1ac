import type { Call, Client, Reply } from './client.js'
import type { Model } from './model.js'
import type { Cast, Person } from './people.js'
import type { Act } from './plan.js'

/** One act, ready to be done: what is asked for, and what is known once it is answered. */
export type Job = Readonly<{
  person?: Person | undefined
  call: Call
  /** Safe to ask again: it has a key, or its state makes a repeat harmless. A payer's payment is not. */
  isRepeatable?: false
  /** `wasLost`: an earlier attempt may have been done unseen */
  settle: (reply: Reply, wasLost: boolean) => Promise<void> | void
  /** after an answer that will never come: what may have been done is found out later */
  forget?: () => void
}>

/** The notifications a channel has sent so far, as it would repeat them. */
export type Notification = Readonly<{ body: string }>

export type Stage = Readonly<{
  client: Client
  cast: Cast
  model: Model
  notifications: Notification[]
  /** what must not be: found while playing */
  wrongs: string[]
}>

/** Turns an act into a job; undefined where there is nothing of the kind to do. */
export type Deal = (stage: Stage, act: Act) => Promise<Job | undefined> | Job | undefined

export const at = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % Math.max(1, items.length)]
