/** Why a backup cannot be made, or a restore goes no further or is not to be used. */
export const refusals = {
  target_not_empty: 'the place to restore into is not empty',
  backup_incomplete: 'the backup has no manifest: it was not finished',
  backup_damaged: 'what is in the backup is not what its manifest says',
  other_version: 'the backup is of another major version of PostgreSQL',
  unknown_schema: 'the backup is of a later version of Ticun',
  archive_gap: 'a file of the write-ahead log is missing in the archive',
  archive_broken: 'the write-ahead log could not be replayed to the archive\'s end',
  until_too_early: 'the instant lies before the end of the backup',
  until_not_reached: 'the write-ahead log ends before the instant',
  until_needs_wal: 'a dump is of one instant and knows no other',
  recovery_failed: 'PostgreSQL could not recover the database',
  wrong_keys: 'the keys of this environment do not open what is in the database',
  documents_missing: 'files that the database names are missing',
  invariants_violated: 'the books do not add up',
  evidence_broken: 'the evidence log does not continue what was seen of it',
  tools_missing: 'PostgreSQL\'s own tools are not installed here',
  tools_version: 'PostgreSQL\'s own tools are of another version than the server',
  tools_failed: 'a tool of PostgreSQL failed',
  not_supported: 'this cannot be backed up from here'
} as const

export type RefusalCode = keyof typeof refusals

export class RecoveryRefused extends Error {
  override readonly name = 'RecoveryRefused'
  readonly code: RefusalCode

  constructor (code: RefusalCode, detail: string) {
    super(`${code}: ${refusals[code]} (${detail})`)
    this.code = code
  }
}
