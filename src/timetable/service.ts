import { inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import { tracedAnew, type Tracing } from '../kernel/tracing.js'
import { deleteDeadlines, findNextDue, listDue, postponeDeadline, takeDeadline, upsertDeadlines, type Deadline, type Due } from './store.js'

/** What is done when a deadline of one kind falls due. `at` is the time it acts at; `take` must be called inside the transaction, after its locks, and nothing done when it says false. */
export type DeadlineHandler = (due: { office: number; subject: string; at: Date; take: (tx: Tx) => Promise<boolean> }) => Promise<void>

/** A part of the timetable whose due times are not deadlines: windows of releases, deliveries, … */
export type Job = Readonly<{
  name: string
  /** The earliest instant at which there is something to do, or null. */
  nextDue: (office: number) => Promise<Date | null>
  /** Does what is due at an instant, or as much of it as leaves the other jobs their turn. Safe to run twice, late, and in two processes at once. */
  run: (office: number, at: Date) => Promise<void>
}>

type Dependencies = Readonly<{ work: UnitOfWork; onFailure: (kind: string, error: unknown) => void; tracing?: Tracing | undefined; runMs?: number }>

const batchMax = 500
const sideBySideMax = 8
/** How long one run goes on before it lets other jobs run. */
const usualRunMs = 10_000
const retryAfterMs = (attempts: number) => Math.min(3_600_000, 5_000 * 2 ** attempts)

/** Deadlines in their order, in groups that fell due at the same instant and may be handled side by side. */
const simultaneous = (due: readonly Deadline[]): Deadline[][] => {
  const groups: Deadline[][] = []
  for (const deadline of due) {
    const group = groups.at(-1)
    if (group && group.length < sideBySideMax && group[0]?.dueAt.getTime() === deadline.dueAt.getTime()) group.push(deadline)
    else groups.push([deadline])
  }
  return groups
}

/** No end may see or touch what falls due, least of all another's: its own is written down for it. */
const asKeeper = (tx: Tx, use: (tx: Tx) => Promise<void>): Promise<void> => (tx.actor.role === 'redeemer' ? use(tx) : inRole(tx, 'worker', use))

export const createTimetable = ({ work, onFailure, tracing, runMs = usualRunMs }: Dependencies) => {
  const handlers = new Map<string, DeadlineHandler>()

  /** Says what happens when deadlines of a kind fall due; the composition root calls this once for each. */
  const on = (kind: string, handler: DeadlineHandler): void => { handlers.set(kind, handler) }

  /** Sets, or moves, the deadline of a kind for a subject. */
  const set = (tx: Tx, kind: string, subject: string, dueAt: Date): Promise<void> => setEach(tx, kind, [{ subject, dueAt }])

  /** Sets, or moves, the deadlines of a kind for several subjects, each named once and due at its own time. */
  const setEach = async (tx: Tx, kind: string, due: readonly Due[]): Promise<void> => {
    if (due.length > 0) await asKeeper(tx, (tx) => upsertDeadlines(tx, kind, due))
  }

  /** Sets, or moves, the deadlines of a kind for several subjects, each named once, to one time. */
  const setAll = async (tx: Tx, kind: string, subjects: readonly string[], dueAt: Date): Promise<void> => {
    await setEach(tx, kind, subjects.map((subject) => ({ subject, dueAt })))
  }

  /** Lifts a deadline; nothing happens if there is none. */
  const lift = (tx: Tx, kind: string, subject: string): Promise<void> => liftAll(tx, [kind], [subject])

  /** Lifts the deadlines of several kinds for several subjects. */
  const liftAll = async (tx: Tx, kinds: readonly string[], subjects: readonly string[]): Promise<void> => {
    if (subjects.length > 0) await asKeeper(tx, (tx) => deleteDeadlines(tx, kinds, subjects))
  }

  const handle = async (office: number, due: Deadline, at: Date): Promise<void> => {
    const handler = handlers.get(due.kind)
    try {
      if (!handler) throw new Error(`nothing handles ${due.kind}`)
      await tracedAnew(tracing, `deadline ${due.kind}`, { attributes: { 'ticun.office': office } }, () =>
        handler({ office, subject: due.subject, at, take: (tx) => takeDeadline(tx, due, at) }))
    } catch (error) {
      // One subject that fails must not hold the others: it is tried again, later and later.
      onFailure(due.kind, error)
      await work.write(worker, office, (tx) => postponeDeadline(tx, due, after(at, retryAfterMs(due.attempts)), String(error)))
    }
  }

  const job: Job = {
    name: 'deadlines',
    nextDue: (office) => work.read(worker, office, findNextDue),
    run: async (office, at) => {
      const until = performance.now() + runMs
      for (;;) {
        const due = await work.read(worker, office, (tx) => listDue(tx, at, batchMax))
        for (const together of simultaneous(due)) {
          await Promise.all(together.map((deadline) => handle(office, deadline, at)))
          if (performance.now() >= until) return
        }
        if (due.length < batchMax) return
      }
    }
  }

  return { on, set, setAll, setEach, lift, liftAll, job }
}

export type Timetable = ReturnType<typeof createTimetable>
