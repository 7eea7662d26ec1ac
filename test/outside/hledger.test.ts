import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startApp } from '../support/app.js'
import { bureau } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { moveAtBank, send, statementOfToday } from '../bank/support.js'
import { earn, newEarner, notariesOf, settle } from '../settlement/support.js'
import { advance } from '../support/clock.js'

const run = promisify(execFile)
const isInstalled = await run('hledger', ['--version']).then(() => true, () => false)

/** What hledger makes of a journal: each account at depth 1 and its balance in fen. */
const balances = async (journal: string): Promise<Map<string, number>> => {
  const file = join(mkdtempSync(join(tmpdir(), 'ticun-hledger-')), 'journal')
  writeFileSync(file, journal)
  const { stdout } = await run('hledger', ['-f', file, 'balance', '--depth', '1', '--output-format', 'csv', '--empty'])
  const rows = stdout.trim().split('\n').slice(1).map((row) => /^"([^"]*)","([^"]*)"/.exec(row)).filter((row) => row !== null && row[1] !== 'total' && row[1] !== 'Total:')
  return new Map(rows.map((row) => [row?.[1] ?? '', Math.round(Number((row?.[2] ?? '').replace(/CNY ?/, '') || '0') * 100)]))
}

t.test('hledger\'s own balances of the exported journal are the trial balance', { skip: isInstalled ? false : 'hledger is not installed' }, async (t) => {
  const app = await startApp(t)
  const { first } = await notariesOf(app)
  const earner = await newEarner(app, 3)
  await settle(app, earner)
  await moveAtBank(app, { side: 'CRDT', amountFen: 5_005n })
  await moveAtBank(app, { side: 'DBIT', amountFen: 15n, counterparty: '', remittance: '手续费' })
  expectStatus(await send(app, first, await statementOfToday(app)), 201)
  const middle = (await app.nobody.get('/sandbox/clock')).body.now
  await advance(app, 60)
  await earn(app, earner, 1)

  const compare = async (who: typeof first, to?: string) => {
    const journal = expectStatus(await who.get(`/audit/journal?format=hledger${to ? `&to=${to}` : ''}`), 200).body
    const trial = expectStatus(await who.get(`/audit/trial-balance${to ? `?at=${to}` : ''}`), 200).body
    const ours = trial.accounts.map(({ account, kind, balanceFen }: any) => [account, kind === 'asset' ? balanceFen : -balanceFen]).filter(([, fen]: any) => fen !== 0).sort()
    const theirs = [...(await balances(journal)).entries()].filter(([, fen]) => fen !== 0).sort()
    t.same(theirs, ours)
    t.equal(trial.agree, true)
    t.ok(theirs.length > 3)
  }
  await compare(first)
  await compare(await bureau(app))
  await compare(first, middle)
})
