import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { supply } from './supply.js'

/*
 * `npm run check:audit`: known vulnerabilities of production packages, by the registry. Exit code 0:
 * no high or critical one but those that ops/supply.json explains by their advisory, 1: there is
 * one, 2: the registry did not say.
 */

const root = fileURLToPath(new URL('..', import.meta.url))
const serious = ['high', 'critical']

/** The advisories of a report of npm (auditReportVersion 2), each once. */
const advisoriesIn = ({ vulnerabilities }) => {
  const found = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((cause) => typeof cause === 'object'))
  return [...new Map(found.map((advisory) => [advisory.url, advisory])).values()]
}

const run = () => {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json', ...process.argv.slice(2)], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  let report
  try {
    report = JSON.parse(stdout)
  } catch {
    report = { error: { summary: stdout } }
  }
  if (!report.vulnerabilities) {
    process.stderr.write(`The registry does not tell: ${report.message ?? report.error?.summary ?? 'no report'}\n`)
    return 2
  }
  const all = advisoriesIn(report)
  const idOf = ({ url }) => url.split('/').at(-1)
  const open = all.filter((advisory) => serious.includes(advisory.severity) && !supply.vulnerabilities[idOf(advisory)])
  for (const advisory of all) process.stdout.write(`${advisory.severity.padEnd(9)} ${advisory.name}  ${advisory.title}  ${advisory.url}${supply.vulnerabilities[idOf(advisory)] ? `  (explained: ${supply.vulnerabilities[idOf(advisory)]})` : ''}\n`)
  process.stdout.write(`${all.length} known vulnerabilities in production packages, ${open.length} of them high or critical and not explained.\n`)
  return open.length === 0 ? 0 : 1
}

process.exitCode = run()
