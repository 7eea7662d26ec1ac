import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { killHard, postmasterOf, until } from '../process/support.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder any account may enter; servers of the data directories in it end with the test. */
export const aParent = async (t: Test): Promise<string> => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'ticun-restore-')))
  await chmod(parent, 0o755)
  t.teardown(async () => {
    for (const name of await readdir(parent)) {
      const pid = await postmasterOf(join(parent, name))
      if (pid !== undefined) await killHard(pid)
    }
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return parent
}

export type Ended = Readonly<{ code: number | null; said: string }>

/** `npm run backup` or `npm run restore`, as its process, with these variables only. */
export const command = async (name: 'backup' | 'restore', args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> => {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env
  const child = spawn(process.execPath, [join(root, `dist/recovery/${name}-main.js`), ...args], { cwd: root, env: { PATH, HOME, TMPDIR, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>])
  return { code, said: out + err }
}

export const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))

/** A value as it is, in hex, and the part of its base64 that is the same wherever it begins; each byte as a character. */
const forms = (value: string): string[] => {
  const bytes = Buffer.from(value)
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').slice(shift === 0 ? 0 : 4, -4)).filter((one) => one.length >= 8)
  return [bytes.toString('latin1'), bytes.toString('hex'), ...base64, ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** Which of the values stand in clear anywhere below the folders, and where first. One pass a file for all of them: there are many bytes. */
export const foundIn = async (folders: readonly string[], values: Readonly<Record<string, string>>): Promise<Record<string, string>> => {
  const nameOf = new Map(Object.entries(values).flatMap(([name, value]) => forms(value).map((form) => [form, name] as const)))
  const pattern = new RegExp([...nameOf.keys()].map(escaped).join('|'), 'g')
  const found: Record<string, string> = {}
  for (const folder of folders) {
    for (const path of await filesBelow(folder)) {
      for (const [form] of (await readFile(path, 'latin1')).matchAll(pattern)) found[nameOf.get(form) as string] ??= path
    }
  }
  return found
}

/** Waits until the archive has all that was written up to now; something has to be written now and then for it to grow. */
export const archivedUpTo = (wal: string, name: string): Promise<void> =>
  until(async () => (await readdir(wal)).some((one) => /^[0-9A-F]{24}$/.test(one) && one >= name), `${name} in ${wal}`)

export { sleep }
