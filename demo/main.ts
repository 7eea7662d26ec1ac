import { warnOfThePool } from './chapters/alert.js'
import { goToAward } from './chapters/award.js'
import { closeTheBooks } from './chapters/books.js'
import { shutDown } from './chapters/closure.js'
import { coolOff } from './chapters/cooling-off.js'
import { raceForTheLastSession } from './chapters/last-session.js'
import { openPool } from './chapters/listing.js'
import { moveAway } from './chapters/moving-away.js'
import { sellFourCards } from './chapters/sale.js'
import { settle } from './chapters/settlement.js'
import { letTimePass } from './chapters/time.js'
import { reconcile } from './chapters/reconciliation.js'
import { useTheCards } from './chapters/visits.js'
import { Departure } from './client.js'
import { ruler, say } from './print.js'
import { startService } from './service.js'
import { openStory } from './story.js'

/*
 * `npm run demo`: one pool's story, told to a service of its own over HTTP and read back from it.
 * Ends with 0 when all went as it must, with 1 when something did not. A chapter is a file; it is
 * handed what earlier ones made, and returns what later ones need.
 */

const tell = async (url: string): Promise<number> => {
  const story = await openStory(url)
  const pool = await openPool(story)
  const sold = await sellFourCards(story, pool)
  await useTheCards(story, pool, sold)
  await letTimePass(story, pool, sold)
  await settle(story, pool)
  await coolOff(story, pool)
  await raceForTheLastSession(story, pool)
  await moveAway(story, pool, sold)
  await goToAward(story, pool)
  await warnOfThePool(story, pool)
  await shutDown(story, pool)
  await reconcile(story)
  await closeTheBooks(story, pool, sold)
  return story.checked()
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const run = async (): Promise<number> => {
  const begun = Date.now()
  say('提存 Ticun · 圣约瀚游泳馆的故事 · one pool\'s story, over HTTP')
  say(ruler('═'))
  const service = await startService()
  process.once('SIGINT', () => { void service.stop().finally(() => process.exit(130)) })
  try {
    const checks = await tell(service.url)
    say()
    say(`${checks} 项核对全部一致 · all ${checks} checks agree, ${((Date.now() - begun) / 1000).toFixed(1)} s`)
    await service.stop()
    return 0
  } catch (error) {
    say()
    say(`✗ ${error instanceof Departure ? '与应有的不符 · not as it must be' : '未能继续 · could not go on'}: ${messageOf(error)}`)
    say(`  服务日志 · the service's log: ${service.logFile}`)
    await service.stop({ keep: true })
    return 1
  }
}

run().then((code) => { process.exitCode = code }, (error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
})
