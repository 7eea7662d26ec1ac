import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { supply } from './supply.js'

/*
 * `npm run sbom [-- FILE]`: the CycloneDX bill of materials of what production runs, by npm from
 * the lock file, with the licences that packages state elsewhere than in their package.json.
 *
 * npm is asked for everything: told to omit what is for development, it also leaves out what
 * production shares with it (zod, glob, …). What is for development alone is taken out here.
 */

const root = fileURLToPath(new URL('..', import.meta.url))
const file = process.argv[2] ?? 'sbom.json'

const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
if (status !== 0) {
  process.stderr.write(stderr)
  process.exit(1)
}
const bill = JSON.parse(stdout)
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

// npm names the whole after the folder it stands in.
Object.assign(bill.metadata.component, { type: 'application', name, version })
const folder = 'node_modules/'
const production = new Set(Object.entries(packages)
  .filter(([path, { dev }]) => path !== '' && dev !== true)
  .map(([path, locked]) => `${path.slice(path.lastIndexOf(folder) + folder.length)}@${locked.version}`))
bill.components = bill.components.filter((component) => production.has(`${component.name}@${component.version}`))
const kept = new Set([bill.metadata.component, ...bill.components].map((component) => component['bom-ref']))
bill.dependencies = bill.dependencies.filter(({ ref }) => kept.has(ref)).map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }))

for (const component of bill.components) {
  const known = supply.licences.declaredElsewhere[component.name]
  if (known && (component.licenses ?? []).length === 0) component.licenses = [{ license: { id: known.licence } }]
}
writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`)
process.stdout.write(`${bill.components.length} components in ${file}\n`)
