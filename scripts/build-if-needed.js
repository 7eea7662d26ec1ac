import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * `npm ci` builds. What was changed in src/ since then is built by the next start, which takes a
 * moment; where nothing was, or there is no compiler to build with, it takes none.
 */

const root = fileURLToPath(new URL('..', import.meta.url))
const [source, target, compiler] = ['src', 'dist', 'node_modules/typescript/bin/tsc'].map((path) => join(root, path))

const changedAt = (path, suffix) => readdirSync(path, { recursive: true })
  .filter((name) => name.endsWith(suffix))
  .reduce((latest, name) => Math.max(latest, statSync(join(path, name)).mtimeMs), 0)

const isBuilt = () => existsSync(join(target, 'main.js')) && changedAt(source, '.ts') <= changedAt(target, '.tsbuildinfo')

if (existsSync(source) && existsSync(compiler) && !isBuilt()) {
  process.stdout.write('Building.\n')
  process.exitCode = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' }).status ?? 1
}
