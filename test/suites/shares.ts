import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/*
 * To load the service takes a process seconds, and most test files no longer than that: so a run
 * of all tests shares the files out among a few processes, each of which loads it once. A file
 * that starts processes of its own, or needs its process for itself, is run alone (.taprc). Any
 * single file runs by its name as ever.
 */

const shares = 12
const alone = /^(process|planted|properties|restore|supply|full|outside|suites)\//
const shareMaxMs = 600_000
const folder = new URL('../', import.meta.url)

/** Runs one of the shares, counted from 1, file after file. */
export const runShare = async (share: number): Promise<void> => {
  const files = readdirSync(fileURLToPath(folder), { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.test.ts') && !alone.test(file)).sort()
  for (const file of files.filter((_, i) => i % shares === share - 1)) {
    t.comment(file)
    await import(new URL(file, folder).href)
  }
  // A file may have said how long it may take by itself: together they take longer.
  t.setTimeout(shareMaxMs)
}
