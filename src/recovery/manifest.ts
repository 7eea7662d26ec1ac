import { createHash } from 'node:crypto'
import { open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { eachOf, hashFile, writeNew } from '../db/copying.js'
import { RecoveryRefused } from './refusal.js'

/*
 * What a backup is, written last: one without a manifest was not finished. Everything else in the
 * folder stands in it with its size and hash, so that what is damaged, missing or added is known
 * before anything is restored.
 *
 * database/  the cluster's files, or the dump
 * files/     what the storage keeps, by its hash
 */

const Moment = z.object({ lsn: z.string(), wal: z.string(), at: z.iso.datetime() })

export const Manifest = z.object({
  format: z.literal('ticun-backup/1'),
  kind: z.enum(['cluster', 'dump']).meta({ description: 'A base backup with its write-ahead log, or what pg_dump wrote' }),
  server: z.object({ version: z.string(), systemIdentifier: z.string(), timeline: z.int(), walFileBytes: z.int() }),
  /** When what the backup holds began and ended, by the server's clock; of a dump its snapshot lies between. */
  start: Moment,
  stop: Moment,
  schema: z.object({ migrations: z.int(), hash: z.string() }),
  /** After how many seconds a file of the log was archived at the latest when the backup was made, 0 for when it is full; null: the log was not archived. */
  archive: z.object({ timeoutSeconds: z.int() }).nullable(),
  /** Which keys what is sealed asks for; the keys themselves are kept elsewhere. */
  keys: z.object({ data: z.array(z.string()), index: z.array(z.string()) }),
  /** The evidence logs as they stood within the backup. */
  evidence: z.array(z.object({ office: z.int(), origin: z.string(), key: z.string(), checkpoint: z.string().nullable() })),
  directories: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), size: z.int(), sha256: z.string() }))
})
export type Manifest = z.output<typeof Manifest>

const manifestFile = 'manifest.json'
const sumFile = 'manifest.sha256'
const atOnce = 4

/** As `sha256sum -c` reads it. */
const sumLine = (sha256: string): string => `${sha256}  ${manifestFile}\n`

const readIfThere = (path: string): Promise<Buffer | undefined> =>
  readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })

/** Finishes a backup. @returns the hash that stands for all of it */
export const writeManifest = async (folder: string, manifest: Manifest): Promise<string> => {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)
  const sha256 = createHash('sha256').update(text).digest('hex')
  await writeNew(join(folder, sumFile), Buffer.from(sumLine(sha256)))
  await writeNew(join(folder, `${manifestFile}.draft`), text)
  await rename(join(folder, `${manifestFile}.draft`), join(folder, manifestFile))
  if (process.platform !== 'win32') {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  }
  return sha256
}

const filesIn = async (folder: string, path = ''): Promise<string[]> => {
  const found: string[] = []
  for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) found.push(...await filesIn(folder, inner))
    else found.push(inner)
  }
  return found
}

const damaged = (detail: string): RecoveryRefused => new RecoveryRefused('backup_damaged', detail)

/** @throws RecoveryRefused backup_incomplete, backup_damaged */
const readManifest = async (folder: string): Promise<Manifest> => {
  const [text, sum] = [await readIfThere(join(folder, manifestFile)), await readIfThere(join(folder, sumFile))]
  if (text === undefined) throw new RecoveryRefused('backup_incomplete', folder)
  if (sum?.toString() !== sumLine(createHash('sha256').update(text).digest('hex'))) throw damaged(`${manifestFile} does not have the hash in ${sumFile}`)
  const parsed = Manifest.safeParse(JSON.parse(text.toString()))
  if (!parsed.success) throw damaged(`${manifestFile}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/**
 * Reads a backup's manifest and compares with it, byte by byte, all there is.
 * @throws RecoveryRefused backup_incomplete, backup_damaged with the names of what is wrong
 */
export const checkBackup = async (folder: string): Promise<Manifest> => {
  const manifest = await readManifest(folder)
  const wrong: string[] = []
  await eachOf(manifest.files, atOnce, async ({ path, size, sha256 }) => {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (found === undefined) wrong.push(`${path} is missing`)
    else if (found.size !== size) wrong.push(`${path} has ${found.size} bytes in place of ${size}`)
    else if ((await hashFile(join(folder, path))).sha256 !== sha256) wrong.push(`${path} has another content`)
  })
  const named = new Set([manifestFile, sumFile, ...manifest.files.map(({ path }) => path)])
  wrong.push(...(await filesIn(folder)).filter((path) => !named.has(path)).map((path) => `${path} does not belong there`))
  if (wrong.length > 0) throw damaged(`${wrong.sort().slice(0, 10).join('; ')}${wrong.length > 10 ? `; and ${wrong.length - 10} more` : ''}`)
  return manifest
}
