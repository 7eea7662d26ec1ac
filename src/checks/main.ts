import { createPool } from '../db/client.js'
import { startEmbedded } from '../db/embedded.js'
import { yuan } from '../kernel/money.js'
import type { CheckResult } from './model.js'
import { checkInvariants, holdStill, isOurs, readCover } from './store.js'

/*
 * `npm run check:invariants`: checks a live database, as its owner, in one reading transaction that
 * sees one moment. Ends with 0 when all holds, 1 when something does not, 2 when it could not look.
 */

const say = (line: string): void => { process.stdout.write(`${line}\n`) }

const lineOf = ({ name, says, ok, violations }: CheckResult): string => [
  `${ok ? 'ok      ' : 'VIOLATED'}  ${name.padEnd(32)}  ${says}`,
  ...violations.map((row) => `          ${JSON.stringify(row)}`)
].join('\n')

const check = async (connectionString: string): Promise<number> => {
  const pool = createPool({ connectionString, max: 1, applicationName: 'ticun checks', onError: () => undefined })
  const client = await pool.connect()
  try {
    await client.query('begin read only')
    await holdStill(client)
    await client.query('set local statement_timeout = 0')
    if (!(await isOurs(client))) throw new Error('this database has no books of Ticun')
    const results = await checkInvariants(client)
    for (const result of results) say(lineOf(result))
    for (const { office, coverFen } of await readCover(client)) say(`cover     office ${office}: ${yuan(coverFen)} (bank and clearing less everything owed)`)
    const violated = results.filter(({ ok }) => !ok).length
    say(violated === 0 ? `All ${results.length} invariants hold.` : `${violated} of ${results.length} invariants are violated.`)
    return violated === 0 ? 0 : 1
  } finally {
    client.release(true)
    await pool.end()
  }
}

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
