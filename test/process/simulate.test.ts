import t from 'tap'
import { fileURLToPath } from 'node:url'
import { planOf } from '../../simulate/plan.js'
import { run } from '../../simulate/run.js'
import { openTheatre } from '../../simulate/world.js'
import { build } from './support.js'

/* A short run of the simulator; `npm run simulate` plays it longer, `npm run simulate:long` for hours. */

t.setTimeout(240_000)

const seed = 69
const [steps, stormSize] = [240, 120]

t.test('a seed fixes who does what and what strikes', async (t) => {
  const [plan, again, longer, other] = [planOf({ seed, steps }), planOf({ seed, steps }), planOf({ seed, steps: steps + 2_000 }), planOf({ seed: seed + 1, steps })]
  t.same(plan, again)
  t.same(plan[0]?.acts, longer[0]?.acts.slice(0, steps), 'a run is the beginning of a longer one')
  t.same(plan[0]?.faults, longer[0]?.faults.filter(({ after }) => after < steps))
  t.notSame(plan, other)
})

t.test('killed, cut off and held up in the middle of everything, nothing acknowledged is lost and nothing is done twice', async (t) => {
  await build()
  const theatre = await openTheatre(fileURLToPath(new URL('../../dist/main.js', import.meta.url)))
  t.teardown(() => theatre.close())
  const { wrongs, kills, storms, tally: { acts, faults } } = await run(theatre, { seed, steps, stormSize, onStorm: (said) => { t.comment(said) } })
  t.same(wrongs, [])
  t.equal(storms, steps / stormSize)
  t.ok(acts > steps / 2, `${acts} acts`)
  t.ok(kills >= 2, `${kills} kills; ${JSON.stringify(faults)}`)
})
