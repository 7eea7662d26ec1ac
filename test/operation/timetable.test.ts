import t from 'tap'
import { worker } from '../../src/db/unit-of-work.js'
import { createTimetable } from '../../src/timetable/service.js'
import { ownServices } from '../settlement/support.js'
import { startApp } from '../support/app.js'

const office = 1

t.test('a rush of deadlines is done in runs between which other jobs have their turn', async (t) => {
  const { clock, work } = await ownServices(await startApp(t, { processes: 1 }))
  const handled: string[] = []
  const timetable = createTimetable({ work, runMs: 0, onFailure: (_, error) => { throw error } })
  timetable.on('rush', ({ subject, take }) => work.write(worker, office, async (tx) => { if (await take(tx)) handled.push(subject) }))

  const subjects = Array.from({ length: 20 }, (_, i) => `subject ${i}`)
  await work.write(worker, office, (tx) => timetable.setAll(tx, 'rush', subjects, clock.now()))
  const runs: number[] = []
  while (handled.length < subjects.length && runs.length < subjects.length) {
    await timetable.job.run(office, clock.now())
    runs.push(handled.length)
  }
  t.equal(runs.at(-1), subjects.length)
  t.ok(runs.length > 1, `it took ${runs.length} runs: ${runs.join(', ')}`)
  t.same([...handled].sort(), [...subjects].sort(), 'each once')
})
