import { configOf } from '../config.js'
import { makeBackup } from './backup.js'
import { optionsFrom, runCommand, say, UsageError } from './commands.js'

/** `npm run backup`: a backup of the deployment of this environment, while it runs (docs/restore.md). */

const usage = 'npm run backup -- --to DIR'

runCommand(async () => {
  const begun = Date.now()
  const { to } = optionsFrom(process.argv.slice(2), { to: { type: 'string' } }, usage)
  if (to === undefined) throw new UsageError(usage)
  const { manifest, sha256, archiveFault } = await makeBackup({ config: configOf(process.env), to, log: say })
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0)
  say(`The backup in ${to} is whole: ${manifest.files.length} files, ${(bytes / 1_000_000).toFixed(1)} MB, in ${((Date.now() - begun) / 1000).toFixed(1)} s.`)
  say(`It has everything that was committed before ${manifest.kind === 'dump' ? manifest.start.at : manifest.stop.at}${manifest.kind === 'dump' ? ', and no later instant' : ''}.`)
  say(manifest.archive === null
    ? 'The write-ahead log is not archived: what is committed after that is lost with the database (TICUN_ARCHIVE, docs/restore.md).'
    : `The write-ahead log is archived${manifest.archive.timeoutSeconds > 0 ? ` every ${manifest.archive.timeoutSeconds} s` : ' when a file of it is full'}; files before ${manifest.start.wal} are not needed for this backup.`)
  if (archiveFault !== undefined) process.stderr.write(`ALARM  the write-ahead log cannot be archived, and piles up: ${archiveFault}. The server's log says why.\n`)
  for (const { office, origin, checkpoint } of manifest.evidence) say(`evidence  office ${office}, ${origin}: ${checkpoint === null ? 'no entries' : `${checkpoint.split('\n')[1]} entries`}`)
  say(`keys      it needs the data keys ${manifest.keys.data.join(', ')} and the index keys ${manifest.keys.index.join(', ')}, which are not in it.`)
  say(`sha256    ${sha256}  manifest.json, to be kept elsewhere: it stands for all of it.`)
  return true
})
