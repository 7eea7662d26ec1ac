import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Figure } from '../test/attack/report.js'
import { attackSection, writeSection } from './reliability.js'

/*
 * `npm run test:attack -- [--effort N] [--seed S] [--report]`: runs the attacks of test/attack, N times
 * as many inputs where they are made at random, and with --report writes what was tried into
 * docs/reliability.md.
 */

const { values: { effort, seed, report } } = parseArgs({ options: { effort: { type: 'string', default: '1' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) }, report: { type: 'boolean', default: false } } })

const figures = mkdtempSync(join(tmpdir(), 'ticun-attack-'))
const begun = Date.now()
const { status } = spawnSync(process.execPath, ['node_modules/tap/dist/esm/run.mjs', '--timeout=3600', ...readdirSync('test/attack').filter((name) => name.endsWith('.test.ts')).map((name) => `test/attack/${name}`)], {
  stdio: 'inherit', env: { ...process.env, TICUN_ATTACK_FIGURES: figures, TICUN_ATTACK_EFFORT: effort, TICUN_ATTACK_SEED: seed }
})
const tests = readdirSync('test/attack').filter((name) => name.endsWith('.test.ts')).map((name) => name.replace('.test.ts', ''))
const parts = new Map(readdirSync(figures).map((name) => [name.replace('.json', ''), JSON.parse(readFileSync(join(figures, name), 'utf8')) as Figure[]]))
rmSync(figures, { recursive: true })

const silent = tests.filter((name) => !parts.has(name))
if (silent.length > 0) process.stderr.write(`no figures from ${silent.join(', ')}\n`)
const section = attackSection([...parts].sort(([a], [b]) => a.localeCompare(b)).flatMap(([, tried]) => tried), { tookMs: Date.now() - begun, seed: Number(seed), effort: Number(effort), isSound: status === 0 })
process.stdout.write(`${section}\n`)
if (report && silent.length === 0) writeSection('attack', section)
process.exitCode = status === 0 && silent.length === 0 ? 0 : 1
