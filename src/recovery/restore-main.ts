import { readFile } from 'node:fs/promises'
import { configOf } from '../config.js'
import { verifierKeyOf } from '../verify/note.js'
import { optionsFrom, runCommand, say, UsageError } from './commands.js'
import { proveDeployment, restoreBackup, type Against, type Proof, type Restored } from './restore.js'

/** `npm run restore`: a backup into the empty place of this environment, or the proofs alone (docs/restore.md). */

const usage = `npm run restore -- --from DIR [--archive DIR] [--wal DIR]… [--until INSTANT] [--checkpoint FILE]… [--key KEY]…
npm run restore -- --check [--checkpoint FILE]… [--key KEY]…

INSTANT: ISO 8601 with its offset, as 2026-11-28T10:00:00Z, of the server's clock
FILE: a checkpoint that was seen of an office's log, as a witness keeps it
KEY: a log's verifier key (name+hash+base64), or a file that holds one`

const options = {
  from: { type: 'string' }, archive: { type: 'string' }, wal: { type: 'string', multiple: true }, until: { type: 'string' },
  checkpoint: { type: 'string', multiple: true }, key: { type: 'string', multiple: true }, check: { type: 'boolean' }
} as const

const untilOf = (text: string | undefined): Date | undefined => {
  if (text === undefined) return undefined
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? new Date(text) : undefined
  if (at === undefined || Number.isNaN(at.getTime())) throw new UsageError(`--until ${text} is not an instant with its offset\n${usage}`)
  return at
}

const againstOf = async (checkpoints: readonly string[], keys: readonly string[]): Promise<Against> => ({
  seen: await Promise.all(checkpoints.map(async (path) => ({ note: await readFile(path, 'utf8'), by: path }))),
  keys: new Map(await Promise.all(keys.map(async (given): Promise<[string, string]> => {
    const { name, text } = verifierKeyOf(given.includes('+') ? given : await readFile(given, 'utf8'))
    return [name, text]
  })))
})

const sayProof = ({ logs, documents, refused }: Proof): void => {
  for (const { office, origin, size, seen } of logs) {
    say(`evidence  office ${office}, ${origin}: ${size} entries, hashed leaf by leaf${seen === 0 ? '; NOTHING that was seen of it was given' : `; it extends what was seen up to ${seen}`}`)
  }
  say(`documents ${documents} files are there and whole`)
  for (const { message } of refused) process.stderr.write(`REFUSED  ${message}\n`)
}

/** How much is lost, as far as it can be known from here. */
const sayLoss = ({ manifest, lastTransactionAt, lastArchived }: Restored, until: Date | undefined): void => {
  say(`last      the last transaction that is there was committed ${lastTransactionAt === undefined ? 'before the backup began' : `${manifest.kind === 'dump' ? 'before ' : 'at '}${lastTransactionAt.toISOString()}`}`)
  if (until !== undefined) say(`until     ${until.toISOString()}: what was committed later was left out as asked`)
  if (manifest.kind === 'dump') return say(`lost      everything after ${manifest.start.at}, when the dump began`)
  if (lastArchived === undefined) return say(`lost      everything after ${manifest.stop.at}, when the backup ended: no archived log was given`)
  const bound = manifest.archive === null || manifest.archive.timeoutSeconds === 0 ? 'when that was cannot be told: the archive had no time limit' : `at most the last ${manifest.archive.timeoutSeconds} s before the failure, and what the archive had fallen behind`
  say(`archived  the last file of the archive is ${lastArchived.name}, archived at ${lastArchived.at.toISOString()}`)
  say(`lost      what was committed after the end of that file: ${bound}`)
}

runCommand(async () => {
  const begun = Date.now()
  const given = optionsFrom(process.argv.slice(2), options, usage)
  const against = await againstOf(given.checkpoint ?? [], given.key ?? [])
  const config = configOf(process.env)
  if (given.check === true) {
    if (given.from !== undefined || given.until !== undefined) throw new UsageError(usage)
    const proof = await proveDeployment({ config, against, log: say })
    sayProof(proof)
    return proof.refused.length === 0
  }
  if (given.from === undefined) throw new UsageError(usage)
  const until = untilOf(given.until)
  const restored = await restoreBackup({ config, from: given.from, archive: given.archive, wal: given.wal ?? [], until, against, log: say })
  sayProof(restored)
  sayLoss(restored, until)
  const isProven = restored.refused.length === 0
  say(isProven
    ? `Restored and proven in ${((Date.now() - begun) / 1000).toFixed(1)} s. Make a new backup before the service starts on it.`
    : 'NOT PROVEN: what was restored must not be used.')
  return isProven
})
