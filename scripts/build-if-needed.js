import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * `npm ci` builds. What was changed in src/ since then is built by the next start, which takes a
 * moment; where nothing was, or there is no compiler to build with, it takes none.
 */

const root = fileURLToPath(new URL('..', import.meta.url))
const [source, program, record, compiler] = ['src', 'dist/main.js', 'dist/.tsbuildinfo', 'node_modules/typescript/bin/tsc'].map((path) => join(root, path))

const changedAt = () => Math.max(...readdirSync(source, { recursive: true }).map((name) => statSync(join(source, name)).mtimeMs))
const isBuilt = () => existsSync(program) && existsSync(record) && changedAt() <= statSync(record).mtimeMs

if (existsSync(source) && existsSync(compiler) && !isBuilt()) {
  process.stdout.write('Building.\n')
  const begun = new Date()
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  // The compiler leaves its record alone where only the times of files have changed.
  if (status === 0) utimesSync(record, begun, begun)
  process.exitCode = status ?? 1
}
