import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as drizzleMigrate } from 'drizzle-orm/node-postgres/migrator'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Pool } from './client.js'
import { databaseRoles } from './policies.js'

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
const serviceRole = 'ticun_service'

/** Any number, as long as every process uses the same. */
const lockKey = 7_119_105_117_110n

const servicePasswordOf = (secret: Buffer) => createHmac('sha256', secret).update('database service role').digest('base64url')

/** How the service logs in to a server: as `ticun_service`, whose password is derived from the service's secret. */
export const serviceUrlOf = (url: string, secret: Buffer): string => {
  const own = new URL(url)
  own.username = serviceRole
  own.password = servicePasswordOf(secret)
  return own.href
}

const canLogIn = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch (error) {
    if ((error as { code?: string }).code === '28P01' || (error as { code?: string }).code === '28000') return false
    throw error
  } finally {
    await client.end()
  }
}

const tupleConcurrentlyUpdated = 'XX000'
/** duplicate_object, unique_violation, and what a grant says that another database made at the same moment */
const madeMeanwhile = new Set(['42710', '23505', tupleConcurrentlyUpdated])

/**
 * Roles belong to the server and not to the database, so a migration cannot rely on an earlier one
 * having made them here: those that are missing are made before migrations that name them run.
 */
const ensureRoles = async (client: pg.Client): Promise<void> => {
  const tolerating = (error: { code?: string }): void => { if (!madeMeanwhile.has(error.code ?? '')) throw error }
  for (const name of databaseRoles.map((role) => `ticun_${role}`)) {
    const { rows: [found] } = await client.query<{ member: boolean }>(
      "select pg_has_role(s.oid, r.oid, 'MEMBER') as member from pg_roles r join pg_roles s on s.rolname = $2 where r.rolname = $1", [name, serviceRole])
    if (found?.member) continue
    await client.query(`create role ${name} nologin`).catch(tolerating)
    await client.query(`create role ${serviceRole} login noinherit`).catch(tolerating)
    await client.query(`grant ${name} to ${serviceRole}`).catch(tolerating)
  }
}

/** Lets the service see which migrations its database has had. */
const showMigrations = async (client: pg.Client): Promise<void> => {
  const { rows: [seen] } = await client.query<{ is_shown: boolean }>(
    "select has_schema_privilege($1, 'drizzle', 'usage') and has_table_privilege($1, 'drizzle.__drizzle_migrations', 'select') as is_shown", [serviceRole])
  if (!seen?.is_shown) await client.query(`grant usage on schema drizzle to ${serviceRole}; grant select on drizzle.__drizzle_migrations to ${serviceRole}`)
}

/** Whether a database has had every migration that this build knows; it may have had newer ones, of a build that replaces this one. */
export const isMigrated = async (pool: Pool): Promise<boolean> => {
  const { entries } = JSON.parse(await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8')) as { entries: { when: number }[] }
  const { rows: [row] } = await pool.query<{ newest: bigint | null }>('select max(created_at) as newest from drizzle.__drizzle_migrations')
  return Number(row?.newest ?? 0) >= Math.max(...entries.map(({ when }) => when))
}

/** Makes the roles that a dump's grants and policies name. */
export const prepareRoles = async (ownerUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await ensureRoles(client)
  } finally {
    await client.end()
  }
}

/** The hashes of the migrations that this code knows, in their order, as the database keeps them. */
export const knownMigrations = (): string[] => readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash)

/**
 * Brings the schema up to date as the owner, and returns the URL by which the service logs in: as
 * `ticun_service`, which owns nothing. Its password is derived from the service's secret, so that
 * every process of a deployment knows it. Safe in several processes at once: drizzle's migrator
 * takes no lock of its own, this does.
 */
export const migrate = async (ownerUrl: string, secret: Buffer): Promise<string> => {
  const password = servicePasswordOf(secret)
  const url = serviceUrlOf(ownerUrl, secret)

  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await ensureRoles(client)
    await drizzleMigrate(drizzle({ client }), { migrationsFolder })
    await showMigrations(client)
    if (!(await canLogIn(url))) {
      await client.query(`alter role ${serviceRole} login password ${pg.escapeLiteral(password)}`).catch(async (error: { code?: string }) => {
        // Roles are shared by the databases of a cluster: another one may have set the same password just now.
        if (error.code !== tupleConcurrentlyUpdated || !(await canLogIn(url))) throw error
      })
    }
  } finally {
    await client.end()
  }
  return url
}
