import { createPool } from '../db/client.js'
import { yuan } from '../kernel/money.js'
import type { CheckResult } from './model.js'
import { checkInvariants, holdStill, isOurs, readCover } from './store.js'

const lineOf = ({ name, says, ok, violations }: CheckResult): string => [
  `${ok ? 'ok      ' : 'VIOLATED'}  ${name.padEnd(32)}  ${says}`,
  ...violations.map((row) => `          ${JSON.stringify(row)}`)
].join('\n')

/** Checks a database, as its owner, in one reading transaction, and says what each check found. @returns whether all hold */
export const checkDatabase = async (connectionString: string, say: (line: string) => void): Promise<boolean> => {
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
    return violated === 0
  } finally {
    client.release(true)
    await pool.end()
  }
}
