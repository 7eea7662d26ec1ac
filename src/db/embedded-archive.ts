import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder, readIfPresent, replaceFile, type Site } from './embedded-cluster.js'

/*
 * The server hands each finished file of its write-ahead log to a command, which has to keep it for
 * good before it says so. Ours copies beside the place, syncs, and links: the link fails where
 * there is a file already, so that nothing is ever written over. A file that is there with the same
 * content was kept by a command that was struck down before it could answer.
 *
 * An archive holds the log of one data directory, from one history: both carry the same random id.
 * A restored data directory has none yet, so it can never be mixed up with the one it came from.
 */

/** `timeoutSeconds`: after how long a file that is not full yet is archived too, if anything was written. */
export type WalArchive = Readonly<{ directory: string; timeoutSeconds: number }>

const exec = promisify(execFile)
const idFile = 'archive.json'
const settingNames = ['archive_mode', 'archive_command', 'archive_timeout'] as const

/** As one word of the shell, in a command where PostgreSQL replaces what a % begins. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''").replaceAll('%', '%%')}'`

/** Where the files of the log are, within an archive. */
export const walFolder = (directory: string): string => join(resolve(directory), 'wal')

const commandFor = (folder: string): string => [
  `d=${shellWord(folder)}; t="$d"/%f; p="%p"`,
  'if [ -e "$t" ]; then cmp -s "$p" "$t" && rm -f "$t.part" && sync "$d"',
  'else cp "$p" "$t.part" && sync "$t.part" && ln "$t.part" "$t" && rm "$t.part" && sync "$d"; fi'
].join('; ')

export const archiveSettings = ({ directory, timeoutSeconds }: WalArchive): Record<string, string> => ({
  archive_mode: 'on', archive_command: commandFor(walFolder(directory)), archive_timeout: String(timeoutSeconds)
})

/** What the server was last started with, from the text of its settings. */
export const archiveSettingsIn = (conf: string | undefined): Record<string, string> =>
  Object.fromEntries((conf ?? '').split('\n').flatMap((line) => {
    const [, name, value] = /^(\w+) = '(.*)'$/.exec(line) ?? []
    return settingNames.some((one) => one === name) ? [[name, value?.replaceAll("''", "'").replaceAll('\\\\', '\\')]] : []
  }))

const idIn = async (folder: string): Promise<string | undefined> => {
  const text = await readIfPresent(join(folder, idFile))
  return text === undefined ? undefined : (JSON.parse(text) as { id: string }).id
}

/** Makes sure that the folder is this data directory's own archive, and that the server may write there. @throws Error that says what to do */
export const openArchive = async (site: Site, { directory: given }: WalArchive): Promise<void> => {
  if (process.platform === 'win32') throw new Error('TICUN_ARCHIVE needs a POSIX shell. On Windows set DATABASE_URL to a PostgreSQL of yours.')
  const [folder, wal] = [resolve(given), walFolder(given)]
  await makeFolder(folder, undefined)
  await makeFolder(wal, site.account)
  await exec('/bin/sh', ['-c', 'test -w "$1" && test -x "$1"', 'sh', wal], { ...site.account, cwd: '/' }).catch(() => {
    throw new Error(`PostgreSQL${site.account ? `, which runs as user ${site.account.uid},` : ''} cannot write to the archive ${wal}.`)
  })

  const [ours, theirs] = [await idIn(site.directory), await idIn(folder)]
  if (theirs === undefined && (await readdir(wal)).length > 0) throw new Error(`The archive ${folder} holds the log of a database that is not named there. Choose an empty folder.`)
  if (theirs !== undefined && theirs !== ours) throw new Error(`The archive ${folder} belongs to another database, or to this one before it was restored. Choose an empty folder.`)
  if (theirs !== undefined) return
  const text = `${JSON.stringify({ id: ours ?? randomUUID() })}\n`
  if (ours === undefined) await replaceFile(join(site.directory, idFile), text, site.account)
  await replaceFile(join(folder, idFile), text, undefined)
}
