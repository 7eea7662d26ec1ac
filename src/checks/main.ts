import { startEmbedded } from '../db/embedded.js'
import { checkDatabase } from './report.js'

/*
 * `npm run check:invariants`: checks a live database, as its owner, in one reading transaction that
 * sees one moment. Ends with 0 when all holds, 1 when something does not, 2 when it could not look.
 */

const say = (line: string): void => { process.stdout.write(`${line}\n`) }

const check = async (connectionString: string): Promise<number> => (await checkDatabase(connectionString, say)) ? 0 : 1

const run = async (): Promise<number> => {
  if (process.env.DATABASE_URL) return check(process.env.DATABASE_URL)
  const server = await startEmbedded({ dataDirectory: process.env.TICUN_DATA_DIR || '.ticun' })
  try {
    return await check(server.url)
  } finally {
    await server.stop()
  }
}

run().then((code) => { process.exitCode = code }, (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
})
