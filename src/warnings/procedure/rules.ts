import { forbidden, wrongState } from '../../kernel/problems.js'
import type { AlertActor, AlertEvent, AlertOutcome, AlertRecord, AlertState } from '../model.js'
import { rectificationOpen } from '../problems.js'

/*
 * An alert is told to the merchant first, so that it can find its own weak spot. It explains, or
 * puts the fault right; the bureau accepts that, sends it back, or takes it up the normal way. A
 * first minor fault of the list is not taken further while it may still be put right, and closes by
 * itself when the figures are well again: nobody is punished. Whoever does not answer in time, or
 * whose figures do not come back, is taken up the normal way.
 *
 * This table is the whole procedure: what is not in it cannot happen. A state keeps its name when
 * the alert is closed; the outcome says how.
 */

/** What must be true besides. */
export const guards = {
  first_minor: { zh: '首次轻微问题', en: 'a first minor fault of the list' },
  not_first_minor: { zh: '不是首次轻微问题,或整改期已过', en: 'no first minor fault, or its time to be put right is over' }
} as const
export type Guard = keyof typeof guards

/** From when the service looks at it again: `answer`: the merchant's time to answer; `check`: the time in which figures must come back; `none`: it waits for a person. */
type Due = 'answer' | 'check' | 'none'

export type Transition = Readonly<{
  from: AlertState
  event: AlertEvent
  by: AlertActor
  to: AlertState
  guard?: Guard
  outcome?: AlertOutcome
  due: Due
}>

const unanswered = ['open', 'explained', 'rectified'] as const

export const procedure: readonly Transition[] = [
  { from: 'open', event: 'explain', by: 'merchant', to: 'explained', due: 'none' },
  { from: 'explained', event: 'explain', by: 'merchant', to: 'explained', due: 'none' },
  { from: 'escalated', event: 'explain', by: 'merchant', to: 'escalated', due: 'none' },
  { from: 'open', event: 'rectify', by: 'merchant', to: 'rectified', due: 'check' },
  { from: 'explained', event: 'rectify', by: 'merchant', to: 'rectified', due: 'check' },
  { from: 'explained', event: 'send_back', by: 'bureau', to: 'open', due: 'answer' },
  { from: 'rectified', event: 'send_back', by: 'bureau', to: 'open', due: 'answer' },
  ...unanswered.map((from): Transition => ({ from, event: 'escalate', by: 'bureau', to: 'escalated', guard: 'not_first_minor', due: 'none' })),
  { from: 'open', event: 'not_answered', by: 'service', to: 'escalated', due: 'none' },
  { from: 'rectified', event: 'not_back', by: 'service', to: 'escalated', due: 'none' },
  { from: 'open', event: 'back', by: 'service', to: 'open', guard: 'first_minor', outcome: 'eased', due: 'none' },
  { from: 'explained', event: 'back', by: 'service', to: 'explained', guard: 'first_minor', outcome: 'eased', due: 'none' },
  { from: 'rectified', event: 'back', by: 'service', to: 'rectified', guard: 'first_minor', outcome: 'rectified', due: 'none' },
  { from: 'open', event: 'close', by: 'bureau', to: 'open', outcome: 'dismissed', due: 'none' },
  { from: 'explained', event: 'close', by: 'bureau', to: 'explained', outcome: 'accepted', due: 'none' },
  { from: 'rectified', event: 'close', by: 'bureau', to: 'rectified', outcome: 'rectified', due: 'none' },
  { from: 'escalated', event: 'close', by: 'bureau', to: 'escalated', outcome: 'dealt_with', due: 'none' }
]

type Standing = Pick<AlertRecord, 'state' | 'isFirstMinor' | 'answerBy' | 'closedAt'>

const holds = ({ guard }: Transition, { isFirstMinor, answerBy }: Standing, at: Date): boolean =>
  guard === undefined || (guard === 'first_minor' ? isFirstMinor : !isFirstMinor || at >= answerBy)

/** What an actor may do with an alert now; nothing with a closed one. */
export const eventsOf = (alert: Standing, by: AlertActor, at: Date): AlertEvent[] =>
  (alert.closedAt ? [] : procedure.filter((row) => row.from === alert.state && row.by === by && holds(row, alert, at)).map(({ event }) => event))

/**
 * The step that an event is, by an actor, at an instant.
 * @throws wrong_state (409), forbidden (403), rectification_open (409) for a first minor fault that may still be put right
 */
export const step = (alert: Standing, event: AlertEvent, by: AlertActor, at: Date): Transition => {
  const rows = procedure.filter((row) => row.event === event)
  const refuse = () => wrongState({ state: alert.closedAt ? 'closed' : alert.state, allowed: [...new Set(rows.map(({ from }) => from))] })
  if (!rows.some((row) => row.by === by)) throw forbidden({})
  const found = alert.closedAt ? undefined : rows.find((row) => row.by === by && row.from === alert.state)
  if (!found) throw refuse()
  if (holds(found, alert, at)) return found
  if (found.guard === 'not_first_minor') throw rectificationOpen({ answerBy: alert.answerBy })
  throw refuse()
}

/** The alert after a step. `dueAt`: the instants that the two kinds of term end at. */
export const moved = (alert: AlertRecord, { to, outcome, due }: Transition, at: Date, ends: Readonly<Record<'answer' | 'check', Date>>): AlertRecord => ({
  ...alert,
  state: to,
  changedAt: at,
  answerBy: due === 'answer' ? ends.answer : alert.answerBy,
  dueAt: due === 'none' ? null : ends[due],
  closedAt: outcome === undefined ? null : at,
  outcome: outcome ?? null
})
