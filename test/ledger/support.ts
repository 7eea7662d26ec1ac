import pg from 'pg'
import type { Test } from 'tap'
import { createPool } from '../../src/db/client.js'
import { createUnitOfWork } from '../../src/db/unit-of-work.js'
import { createEvidence } from '../../src/evidence/service.js'
import { clockAt } from '../../src/kernel/clock.js'
import { createLedger } from '../../src/ledger/service.js'
import { createDatabase } from '../support/database.js'

/** The books on a private database, without anything above them. */
export const openBooks = async (t: Test, { max = 16 }: { max?: number } = {}) => {
  const database = await createDatabase()
  const pool = createPool({ connectionString: database.serviceUrl, isCluster: database.isCluster, max, onError: () => undefined })
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  t.teardown(async () => {
    await pool.end()
    await owner.end()
    await database.drop()
  })
  const clock = clockAt(new Date('2026-05-04T09:00:00Z'))
  const afterCommitErrors: unknown[] = []
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { afterCommitErrors.push(error) } })
  const evidence = createEvidence({ clock })
  return { database, pool, owner, clock, work, evidence, ledger: createLedger({ clock, evidence }), afterCommitErrors }
}

export type Books = Awaited<ReturnType<typeof openBooks>>
