import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { walNumberOf } from '../db/base-backup.js'
import type { Manifest } from './manifest.js'
import { RecoveryRefused } from './refusal.js'

/*
 * PostgreSQL takes the first missing or damaged file of its log for the log's end, and says nothing.
 * So it is looked before whether the archive has a gap, and after whether its end was reached.
 */

/** The last file of the log that was archived, and when. */
export type LastArchived = Readonly<{ name: string; number: number; at: Date }>

const walName = /^[0-9A-F]{24}$/

const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch((error: unknown) => { throw new RecoveryRefused('archive_gap', (error as Error).message) })).filter((name) => walName.test(name))

/**
 * Looks for every file of the log from the backup's end to the last archived one. `others` may have
 * some of them; what they have after that one counts for nothing, because a server keeps old files
 * under the names of coming ones.
 * @throws RecoveryRefused archive_gap, with the file that is missing first
 */
export const checkArchive = async (archive: string | undefined, others: readonly string[], { start, stop, server: { walFileBytes } }: Manifest): Promise<LastArchived | undefined> => {
  if (archive === undefined) return undefined
  const numberOf = (name: string) => walNumberOf(name, walFileBytes)
  const ofTimeline = async (folder: string) => (await namesIn(folder)).filter((name) => name.startsWith(start.wal.slice(0, 8)))
  const archived = (await ofTimeline(archive)).sort()
  const last = archived.at(-1)
  if (last === undefined) return undefined
  const found = new Set(archived.map(numberOf))
  for (const folder of others) for (const name of await ofTimeline(folder)) found.add(numberOf(name))
  // Up to its end the backup has the log itself.
  for (let number = numberOf(stop.wal) + 1; number <= numberOf(last); number++) {
    if (!found.has(number)) throw new RecoveryRefused('archive_gap', `the file ${number - numberOf(stop.wal)} after ${stop.wal}, while there are files up to ${last}`)
  }
  return { name: last, number: numberOf(last), at: (await stat(join(archive, last))).mtime }
}

/** In which file of the log a place is. */
export const walNumberAt = (lsn: string, walFileBytes: number): number => {
  const [high = '0', low = '0'] = lsn.split('/')
  return Number((BigInt(`0x${high}`) << 32n | BigInt(`0x${low}`)) / BigInt(walFileBytes))
}

/** @throws RecoveryRefused archive_broken where the replay ended before the last archived file */
export const checkReplayed = (last: LastArchived | undefined, endLsn: string | undefined, { server: { walFileBytes } }: Manifest): void => {
  if (last === undefined) return
  if (endLsn === undefined || walNumberAt(endLsn, walFileBytes) < last.number) {
    throw new RecoveryRefused('archive_broken', `it ended at ${endLsn ?? 'its beginning'}, and the archive goes on to ${last.name}: a file between is damaged`)
  }
}
