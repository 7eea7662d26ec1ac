import { parseArgs } from 'node:util'
import { plantedSection, writeSection } from '../../scripts/reliability.js'
import { bugs, openGarden, tryBug, type Verdict } from './garden.js'

/*
 * `npm run test:planted`: plants every bug, one after the other, and shows that each is caught by
 * the check it names. `--only NAME,…` narrows it; `--report` writes the table into
 * docs/reliability.md.
 */

const say = (line: string): void => { process.stdout.write(`${line}\n`) }

const main = async (): Promise<number> => {
  const { values: { only, report } } = parseArgs({ options: { only: { type: 'string' }, report: { type: 'boolean', default: false } } })
  const wanted = bugs().filter(({ name }) => only === undefined || only.split(',').includes(name))
  const garden = openGarden()
  const verdicts: Verdict[] = []
  try {
    const cluster = await garden.startCluster('cluster')
    try {
      for (const bug of wanted) {
        const verdict = await tryBug(garden, bug, cluster)
        verdicts.push(verdict)
        say(`${verdict.isCaught ? 'caught ' : 'ESCAPED'}  ${bug.name.padEnd(34)} ${verdict.seconds.toFixed(1).padStart(6)} s  ${bug.file}`)
        if (!verdict.isCaught) say(verdict.said.slice(-3_000))
      }
    } finally {
      await garden.stopCluster(cluster)
    }
  } finally {
    garden.close()
  }
  const escaped = verdicts.filter(({ isCaught }) => !isCaught).length
  say(escaped === 0 ? `All ${verdicts.length} planted bugs are caught.` : `${escaped} of ${verdicts.length} planted bugs escaped.`)
  if (report && only === undefined) writeSection('planted', plantedSection(verdicts))
  return escaped === 0 ? 0 : 1
}

main().then((code) => { process.exitCode = code }, (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 2
})
