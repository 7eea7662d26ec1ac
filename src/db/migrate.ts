import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as drizzleMigrate } from 'drizzle-orm/node-postgres/migrator'
import { createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
const serviceRole = 'ticun_service'

/** Any number, as long as every process uses the same. */
const lockKey = 7_119_105_117_110n

const servicePasswordOf = (secret: Buffer) => createHmac('sha256', secret).update('database service role').digest('base64url')

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

/**
 * Brings the schema up to date as the owner, and returns the URL by which the service logs in: as
 * `ticun_service`, which owns nothing. Its password is derived from the service's secret, so that
 * every process of a deployment knows it. Safe in several processes at once: drizzle's migrator
 * takes no lock of its own, this does.
 */
export const migrate = async (ownerUrl: string, secret: Buffer): Promise<string> => {
  const password = servicePasswordOf(secret)
  const url = new URL(ownerUrl)
  url.username = serviceRole
  url.password = password

  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await drizzleMigrate(drizzle({ client }), { migrationsFolder })
    if (!(await canLogIn(url.href))) {
      await client.query(`alter role ${serviceRole} login password ${pg.escapeLiteral(password)}`).catch(async (error: { code?: string }) => {
        // Roles are shared by the databases of a cluster: another one may have set the same password just now.
        if (error.code !== tupleConcurrentlyUpdated || !(await canLogIn(url.href))) throw error
      })
    }
  } finally {
    await client.end()
  }
  return url.href
}
