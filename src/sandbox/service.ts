import type { SendSms } from '../channels/sms/sms.js'
import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { JobRunner } from '../jobs/runner.js'
import { after } from '../kernel/calendar.js'
import type { MovableClock } from './clock.js'
import type { AdvanceClock, SandboxMessages, SandboxTime } from './model.js'
import { insertMessage, listMessages } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: MovableClock
  runner: Pick<JobRunner, 'nextDue' | 'runDue'>
  /** Holds off the other processes while the clock is walked forward. */
  exclusively: <Result>(use: () => Promise<Result>) => Promise<Result>
}>

const messagesMax = 1_000
/** How often what is due at one instant may make more that is due at it, before the walk goes on. */
const roundsMax = 20

/** The sandbox's SMS gateway: it keeps what it takes, for all to read. */
export const createSandboxSms = ({ work, clock }: Pick<Dependencies, 'work' | 'clock'>) => {
  const send: SendSms = ({ key, phone, text, code }) =>
    work.write(worker, 0, (tx) => insertMessage(tx, { key, phone, text, code: code ?? null, sentAt: clock.now() }))

  /** What was sent so far, newest first: the last 1,000. */
  const list = async (phone?: string): Promise<SandboxMessages> => {
    const rows = await work.read(worker, 0, (tx) => listMessages(tx, phone, messagesMax))
    return { items: rows.map(({ phone, text, code, sentAt }) => ({ phone, text, sentAt, ...(code === null ? {} : { code }) })) }
  }

  return { send, list }
}

export type SandboxSms = ReturnType<typeof createSandboxSms>

/** The sandbox's time: what is due on the way is done at its own instant. */
export const createSandboxTime = ({ clock, runner, exclusively }: Omit<Dependencies, 'work'>) => {
  let queue: Promise<unknown> = Promise.resolve()

  const walk = async (target: Date): Promise<void> => {
    let at = clock.now()
    let rounds = 0
    for (;;) {
      const due = await runner.nextDue(rounds < roundsMax ? undefined : at)
      if (due === null || due > target) break
      rounds = due > at ? 0 : rounds + 1
      if (due > at) at = due
      await clock.moveTo(at)
      await runner.runDue(at)
    }
    await clock.moveTo(target)
    await runner.runDue(target)
    await clock.agree()
  }

  /** Moves the clock forward, instant by instant; calls wait for each other, here and in other processes. */
  const advance = ({ advanceSeconds }: AdvanceClock): Promise<SandboxTime> => {
    const move = () => exclusively(async () => {
      await walk(after(clock.now(), advanceSeconds * 1000))
      return { now: clock.now() }
    })
    const moved = queue.catch(() => undefined).then(move)
    queue = moved
    return moved
  }

  return { now: (): SandboxTime => ({ now: clock.now() }), advance }
}

export type SandboxTimeService = ReturnType<typeof createSandboxTime>
