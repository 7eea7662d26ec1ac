import t from 'tap'
import { build, run } from './support.js'

t.setTimeout(180_000)
t.before(build)

t.test('the story is told to its end, with every balance as it must be', async (t) => {
  const { ended, said } = run(t, {}, 'demo')
  t.equal(await ended, 0, said().slice(-2_000))
  t.match(said(), /all \d+ checks agree/)
  t.match(said(), /圣约瀚游泳馆/)
  t.notMatch(said(), /✗|\bat .*:\d+:\d+/, 'nothing failed, and nobody sees a stack trace')
  t.notMatch(said(), /\b[a-z]{3}_01[0-9a-z]{24}\b/, 'people and cards have names')
})
