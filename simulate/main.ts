import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { simulatorSection, writeSection } from '../scripts/reliability.js'
import { usualStormSize } from './plan.js'
import { run, type Outcome } from './run.js'
import { openTheatre, type Theatre } from './world.js'

/*
 * `npm run simulate -- --seed N --steps M`: people of every end act over HTTP while everything
 * around them fails. Several worlds (`--worlds W`, each of M acts, with seeds N, N+1, …) run one
 * after the other, also after one that failed; `--minutes` begins no other when that time is over.
 * `--report` writes the figures into docs/reliability.md. `--shrink` stops at the first failure and
 * finds the shortest beginning of it that still fails.
 */

const say = (line: string): void => { process.stdout.write(`${line}\n`) }

const readArguments = () => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' }, steps: { type: 'string', default: '1500' }, worlds: { type: 'string', default: '1' }, storm: { type: 'string', default: '1000' },
      shrink: { type: 'boolean', default: false }, program: { type: 'string' }, report: { type: 'boolean', default: false }, minutes: { type: 'string' }, keep: { type: 'boolean', default: false }
    }
  })
  const number = (name: 'seed' | 'steps' | 'worlds' | 'storm'): number => {
    const value = Number(values[name])
    if (!Number.isSafeInteger(value) || value < (name === 'seed' ? 0 : 1)) throw new Error(`--${name} must be a whole number`)
    return value
  }
  return {
    seed: number('seed'), steps: number('steps'), worlds: number('worlds'), stormSize: number('storm'), shrink: values.shrink, keep: values.keep, report: values.report, untilMs: values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000,
    program: values.program ?? fileURLToPath(new URL('../dist/main.js', import.meta.url))
  }
}

/** The shortest beginning that fails, as far as halving finds it: what timing decides may hide in a shorter one. */
const shrink = async (theatre: Theatre, { seed, failedAt = 0, stormSize }: Outcome): Promise<number> => {
  let [passes, fails] = [0, failedAt]
  while (fails - passes > Math.max(1, failedAt / 64)) {
    const steps = Math.ceil((passes + fails) / 2)
    const { wrongs } = await run(theatre, { seed, steps, stormSize })
    say(`  ${steps} steps: ${wrongs.length === 0 ? 'passes' : `fails: ${wrongs[0]}`}`)
    if (wrongs.length === 0) passes = steps
    else fails = steps
  }
  return fails
}

const again = ({ seed, stormSize }: Outcome, steps: number | undefined): string => `npm run simulate -- --seed ${seed} --steps ${steps}${stormSize === usualStormSize ? '' : ` --storm ${stormSize}`}`

const tell = (outcome: Outcome): void => {
  const { seed, steps, wrongs, failedAt, logFile, tally, kills, invariantsChecked } = outcome
  if (failedAt === undefined) {
    say(`seed ${seed}: ${tally.acts} acts of ${steps} planned, ${kills} kills, ${invariantsChecked} invariants checked, nothing lost`)
    return
  }
  for (const wrong of wrongs.slice(0, 40)) say(`  WRONG ${wrong}`)
  say(`FAILED. To play it again: ${again(outcome, failedAt)}\nThe services wrote ${logFile}.`)
}

const main = async (): Promise<number> => {
  const { seed, steps, worlds, stormSize, shrink: isShrinking, program, keep, report, untilMs } = readArguments()
  const theatre = await openTheatre(program)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { theatre.abandon().finally(() => process.exit(3)) })
  const outcomes: Outcome[] = []
  const begun = Date.now()
  let isFailed = false
  try {
    for (let world = 0; world < worlds && !(isFailed && isShrinking) && Date.now() < untilMs; world++) {
      const outcome = await run(theatre, { seed: seed + world, steps, stormSize, onStorm: say })
      outcomes.push(outcome)
      tell(outcome)
      if (report) writeSection('simulator', simulatorSection(outcomes, Date.now() - begun))
      if (outcome.failedAt === undefined) continue
      isFailed = true
      if (isShrinking) {
        const shortest = await shrink(theatre, outcome)
        say(`Shortest beginning that failed: ${again(outcome, shortest)}`)
      }
    }
  } finally {
    await theatre.close({ keep: keep || isFailed })
  }
  return isFailed ? 1 : 0
}

main().then((code) => { process.exit(code) }, (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(2)
})
