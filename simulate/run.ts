import { checkAll } from './checks.js'
import { newPlay, newTally, settle, calm, weather, type Tally } from './play.js'
import { planOf, usualStormSize } from './plan.js'
import type { Theatre } from './world.js'

/** One run of a plan in a world of its own. */

export type Outcome = Readonly<{
  seed: number
  steps: number
  stormSize: number
  tally: Tally
  kills: number
  storms: number
  invariantsChecked: number
  replaysChecked: number
  /** what was wrong, after which storm */
  wrongs: readonly string[]
  /** acts planned up to the end of the storm that went wrong */
  failedAt: number | undefined
  logFile: string
}>

type Options = Readonly<{ seed: number; steps: number; stormSize?: number; onStorm?: (said: string) => void }>

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const killKinds = new Set(['kill-service', 'kill-both', 'kill-postgres', 'kill-backend'])

/** Processes that were ended by force: both of a pair count. */
export const killsOf = ({ faults }: Tally): number =>
  Object.entries(faults).reduce((sum, [kind, times]) => sum + (killKinds.has(kind) ? times * (kind === 'kill-both' ? 2 : 1) : 0), 0)

export const run = async (theatre: Theatre, { seed, steps, stormSize = usualStormSize, onStorm = () => undefined }: Options): Promise<Outcome> => {
  const world = await theatre.open()
  const tally = newTally()
  const play = newPlay(world, theatre.cast, tally)
  const witness = { last: undefined }
  const storms = planOf({ seed, steps, stormSize })
  let [begun, weathered, invariantsChecked, replaysChecked] = [0, 0, 0, 0]
  let wrongs: readonly string[] = []
  let isBroken = false
  try {
    for (const storm of storms) {
      const from = Date.now()
      begun += storm.acts.length
      await weather(play, storm)
      const stormMs = Date.now() - from
      await settle(play)
      const settledMs = Date.now() - from
      await calm(play)
      const calmMs = Date.now() - from
      const checked = await checkAll(play, witness)
      weathered += 1
      invariantsChecked += checked.invariants
      replaysChecked += checked.replays
      wrongs = checked.wrongs
      onStorm(`seed ${seed}, storm ${weathered} of ${storms.length}: ${tally.acts} acts, ${killsOf(tally)} kills, ${seconds(stormMs)} of storm, ${seconds(settledMs - stormMs)} until all is answered, ${seconds(calmMs - settledMs)} of calm, ${seconds(Date.now() - from - calmMs)} of checks, ${wrongs.length} wrong`)
      if (wrongs.length > 0) break
    }
  } catch (error) {
    isBroken = true
    wrongs = [`the run broke off: ${error instanceof Error ? error.stack : String(error)}`]
  } finally {
    if (isBroken || wrongs.length > 0) await world.close()
    else await theatre.strike(world)
  }
  return { seed, steps, stormSize, tally, kills: killsOf(tally), storms: weathered, invariantsChecked, replaysChecked, wrongs, failedAt: wrongs.length > 0 ? begun : undefined, logFile: world.logFile }
}
