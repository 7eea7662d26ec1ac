import t from 'tap'
import { createSandboxTime } from '../../src/sandbox/service.js'
import { createJobRunner } from '../../src/jobs/runner.js'
import type { Job } from '../../src/timetable/service.js'

const begin = Date.parse('2026-05-04T09:00:00Z')
const at = (seconds: number) => new Date(begin + seconds * 1000)
const secondsOf = (instant: Date) => (instant.getTime() - begin) / 1000

/** The sandbox's time over jobs that keep a diary. */
const start = (jobs: (diary: number[]) => Job[]) => {
  let now = begin
  const diary: number[] = []
  const failures: string[] = []
  const clock = { now: () => new Date(now), moveTo: async (to: Date) => { now = Math.max(now, to.getTime()) }, agree: async () => undefined, close: async () => undefined }
  const runner = createJobRunner({ clock, jobs: jobs(diary), offices: async () => [], onFailure: (job) => { failures.push(job) } })
  let holders = 0
  const time = createSandboxTime({
    clock, runner,
    exclusively: async (use) => {
      t.equal(++holders, 1, 'one at a time')
      return use().finally(() => { holders-- })
    }
  })
  return { ...time, diary, failures, clock }
}

/** A job with a list of due times, which each run adds to. */
const listed = (diary: number[], due: number[], then: (second: number) => number[] = () => []): Job => ({
  name: 'listed',
  nextDue: async () => (due.length === 0 ? null : at(Math.min(...due))),
  run: async (_, now) => {
    const ready = due.filter((second) => second <= secondsOf(now))
    due.splice(0, due.length, ...due.filter((second) => second > secondsOf(now)), ...ready.flatMap(then))
    for (const second of ready) diary.push(second, secondsOf(now))
  }
})

t.test('what is due on the way is done at its own instant, in order', async (t) => {
  const { advance, diary } = start((diary) => [listed(diary, [30, 10]), listed(diary, [20, 61])])
  t.same(await advance({ advanceSeconds: 60 }), { now: at(60) })
  t.same(diary, [10, 10, 20, 20, 30, 30])
})

t.test('what it makes due on the way is done too', async (t) => {
  const { advance, diary } = start((diary) => [listed(diary, [10], (second) => (second < 40 ? [second + 10] : []))])
  await advance({ advanceSeconds: 35 })
  t.same(diary, [10, 10, 20, 20, 30, 30])
  await advance({ advanceSeconds: 5 })
  t.same(diary.slice(6), [40, 40])
})

t.test('what was due before is done now', async (t) => {
  const { advance, diary } = start((diary) => [listed(diary, [-100, 0])])
  await advance({ advanceSeconds: 0 })
  t.same(diary, [-100, 0, 0, 0])
})

t.test('calls at once follow each other and add up', async (t) => {
  const { advance, now } = start(() => [])
  const answers = await Promise.all([advance({ advanceSeconds: 10 }), advance({ advanceSeconds: 20 }), advance({ advanceSeconds: 30 })])
  t.same(answers.map(({ now }) => secondsOf(now)), [10, 30, 60])
  t.same(now(), { now: at(60) })
})

t.test('a job that never gets done holds up neither time nor the others', async (t) => {
  const stuck: Job = { name: 'stuck', nextDue: async () => at(5), run: async () => { throw new Error('broken') } }
  const { advance, diary, failures } = start((diary) => [stuck, listed(diary, [10, 20])])
  t.same(await advance({ advanceSeconds: 60 }), { now: at(60) })
  t.same(diary, [10, 10, 20, 20])
  t.ok(failures.length > 0 && failures.length < 100)
})

t.test('a failed call does not hold up the next', async (t) => {
  let isBroken = true
  const broken: Job = { name: 'broken', nextDue: async () => { if (isBroken) throw new Error('no database'); return null }, run: async () => undefined }
  const { advance } = start(() => [broken])
  await t.rejects(advance({ advanceSeconds: 1 }), /no database/)
  isBroken = false
  t.same(await advance({ advanceSeconds: 2 }), { now: at(2) })
})
