import { readFileSync } from 'node:fs'
import t from 'tap'
import { bugs, openGarden, tryBug } from './garden.js'

/*
 * The quick ones of the planted bugs; `npm run test:planted` tries all of them. Which of the quick
 * ones are tried changes from day to day, so that each has its turn and none takes long.
 */

t.setTimeout(240_000)

const today = Math.floor(Date.now() / 86_400_000)
const triedADay = 5

t.test('planted bugs', async (t) => {
  const garden = openGarden()
  t.teardown(() => { garden.close() })
  const all = bugs()

  t.test('can all be planted, and each names a check there is', async (t) => {
    for (const bug of all) {
      t.equal(await garden.refusal(bug), undefined, `${bug.name} applies to the sources as they are`)
      const text = readFileSync(bug.file, 'utf8').replaceAll("\\'", "'")
      for (const name of bug.names) t.ok(text.includes(name), `${bug.name}: ${bug.file} has a test "${name}"`)
    }
  })

  t.test('there is one for each invariant', async (t) => {
    t.same([...new Set(all.map(({ invariant }) => invariant))].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  t.test('are caught', async (t) => {
    const quick = all.filter(({ cost }) => cost === 'quick')
    const cluster = process.env.TICUN_CLUSTER_FILE ?? new URL('../../.tap/cluster.json', import.meta.url).pathname
    for (let i = 0; i < triedADay; i++) {
      const bug = quick[(today * triedADay + i) % quick.length] as typeof quick[number]
      const { isCaught, seconds, said } = await tryBug(garden, bug, cluster)
      t.ok(isCaught, `${bug.name} is caught by ${bug.file} (${seconds.toFixed(1)} s)`, isCaught ? {} : { said: said.slice(-2_000) })
    }
  })
})
