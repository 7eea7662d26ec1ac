import { sql } from 'drizzle-orm'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { createPool, type Pool } from '../../src/db/client.js'
import { actorOf, anyone, createUnitOfWork, inRole, keyHashOf, worker, type Tx } from '../../src/db/unit-of-work.js'
import { Instant } from '../../src/kernel/calendar.js'
import type { Caller, Command } from '../../src/kernel/caller.js'
import { clockAt } from '../../src/kernel/clock.js'
import { newId } from '../../src/kernel/id.js'
import { Fen } from '../../src/kernel/money.js'
import { wrongState } from '../../src/kernel/problems.js'
import { createDatabase } from '../support/database.js'

const Answer = z.object({ id: z.string(), amountFen: Fen, at: Instant })

const open = async (t: Test, settings: Record<string, string> = {}) => {
  const database = await createDatabase()
  const pool: Pool = createPool({ connectionString: database.serviceUrl, isCluster: database.isCluster, max: 30, onError: () => undefined, settings })
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  t.teardown(async () => {
    await pool.end()
    await owner.end()
    await database.drop()
  })
  const failures: unknown[] = []
  const work = createUnitOfWork({ pool, clock: clockAt(new Date('2026-05-04T09:00:00Z')), onAfterCommitError: (error) => { failures.push(error) } })
  return { work, owner, failures }
}

const aCaller = (more: Partial<Caller> = {}): Caller => ({
  personId: newId('per', 0), end: 'notary', roles: [], office: 1, merchantId: undefined, sessionId: newId('ses', 0),
  request: { id: 'req', operation: 'test', address: '::1' }, ...more
})

const aCommand = (more: Partial<Command> = {}) => {
  const replays: string[] = []
  const command: Command = { caller: aCaller(), key: randomUUID(), requestHash: Buffer.alloc(32, 1), markReplayed: () => { replays.push('replayed') }, ...more }
  return { command, replays }
}

let made = 0

/** An effect whose rows can be counted: an account of its own name. */
const effect = (name: string) => async (tx: Tx): Promise<z.output<typeof Answer>> => {
  await tx.client.query("insert into accounts (office_id, id, kind, of, balance_fen, version) values ($1, gen_random_uuid(), 'suspense', $2, 0, 0)", [tx.office, `${name}#${made++}`])
  return { id: `answer ${made}`, amountFen: 2n ** 53n - 1n, at: new Date(made * 1_000) }
}

const effectsOf = ({ work }: { work: ReturnType<typeof createUnitOfWork> }, name: string): Promise<number> => work.read(worker, 1, async ({ client }) =>
  (await client.query('select count(*)::int as n from accounts where of like $1', [`${name}#%`])).rows[0].n)

const keysOf = ({ work }: { work: ReturnType<typeof createUnitOfWork> }, command: Command): Promise<number> => work.read(worker, 1, async ({ client }) =>
  (await client.query('select count(*)::int as n from idempotency_keys where key_hash = $1', [keyHashOf(command)])).rows[0].n)

t.test('a key', async (t) => {
  const opened = await open(t)
  const { work } = opened

  t.test('gives the first answer again, as it was then, and marks it', async (t) => {
    const { command, replays } = aCommand()
    const first = await work.writeOnce(command, 1, Answer, effect('twice'))
    t.same(replays, [])
    t.same(await work.writeOnce(command, 1, Answer, effect('twice')), first)
    t.same(replays, ['replayed'])
    t.equal(await effectsOf(opened, 'twice'), 1)
  })

  t.test('sent at once takes effect once, and every caller gets the one answer', async (t) => {
    const { command, replays } = aCommand()
    const answers = await Promise.all(Array.from({ length: 20 }, () => work.writeOnce(command, 1, Answer, effect('parallel'))))
    for (const answer of answers) t.same(answer, answers[0])
    t.equal(replays.length, 19)
    t.equal(await effectsOf(opened, 'parallel'), 1)
  })

  t.test('of another request is refused, before any rule is asked', async (t) => {
    const { command } = aCommand()
    await work.writeOnce(command, 1, Answer, effect('reused'))
    await t.rejects(work.writeOnce({ ...command, requestHash: Buffer.alloc(32, 2) }, 1, Answer, async () => { throw new Error('a rule was asked') }), { code: 'idempotency_key_reused' })
    t.equal(await effectsOf(opened, 'reused'), 1)
  })

  t.test('belongs to a person and an end within an office', async (t) => {
    const { command } = aCommand()
    const others = [
      command, { ...command, caller: { ...command.caller, personId: newId('per', 0) } }, { ...command, caller: { ...command.caller, end: 'operator' as const } },
      { ...command, caller: { ...command.caller, sessionId: newId('ses', 0), roles: ['other'], merchantId: newId('mer', 1) } }
    ]
    for (const other of others) await work.writeOnce(other, 1, Answer, async () => ({ id: 'x', amountFen: 0n, at: new Date(0) }))
    t.same(others.map((other) => keyHashOf(other).toString('hex')).map((hash, _, all) => all.indexOf(hash)), [0, 1, 2, 0], 'whatever the token')
    await work.writeOnce({ ...command, caller: { ...command.caller, office: 2 } }, 2, Answer, effect('other office'))
    t.equal(await work.read(worker, 2, async ({ client }) => (await client.query("select count(*)::int as n from accounts where of like 'other office%'")).rows[0].n), 1)
  })

  t.test('is left free by a refusal', async (t) => {
    const { command } = aCommand()
    await t.rejects(work.writeOnce(command, 1, Answer, async (tx) => {
      await effect('refused')(tx)
      throw wrongState({ state: 'closed', allowed: ['open'] })
    }), { code: 'wrong_state' })
    t.same([await effectsOf(opened, 'refused'), await keysOf(opened, command)], [0, 0])
    t.match(await work.writeOnce({ ...command, requestHash: Buffer.alloc(32, 9) }, 1, Answer, effect('refused')), { id: /answer/ })
    t.equal(await effectsOf(opened, 'refused'), 1)
  })

  t.test('and its effect are both gone after a crash between them and the commit, and the retry does it once', async (t) => {
    const { command } = aCommand()
    await t.rejects(work.writeOnce(command, 1, Answer, async (tx) => {
      const answer = await effect('crash')(tx)
      const { rows: [{ pid }] } = await tx.client.query('select pg_backend_pid() as pid')
      await opened.owner.query('select pg_terminate_backend($1::int, 5000)', [pid])
      return answer
    }), { code: 'unavailable' })
    t.same([await effectsOf(opened, 'crash'), await keysOf(opened, command)], [0, 0])
    await Promise.all([1, 2, 3].map(() => work.writeOnce(command, 1, Answer, effect('crash'))))
    t.same([await effectsOf(opened, 'crash'), await keysOf(opened, command)], [1, 1])
  })

  t.test('whose answer cannot be written down is not kept, nor its effect', async (t) => {
    const { command } = aCommand()
    await t.rejects(work.writeOnce(command, 1, Answer, async (tx) => ({ ...await effect('unwritable')(tx), amountFen: -1n })))
    t.same([await effectsOf(opened, 'unwritable'), await keysOf(opened, command)], [0, 0])
  })

  t.test('needs an office', async (t) => {
    await t.rejects(work.writeOnce(aCommand().command, 0, Answer, effect('nowhere')), { code: 'not_found' })
    await t.rejects(work.writeOnce(aCommand().command, 2, Answer, effect('nowhere')), { code: 'not_found' }, 'of the caller\'s own')
  })
})

t.test('a key whose first request does not end is in progress', async (t) => {
  const { work } = await open(t, { lock_timeout: '300ms' })
  const { command } = aCommand()
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => { release = resolve })
  const first = work.writeOnce(command, 1, Answer, async (tx) => {
    await held
    return effect('slow')(tx)
  })
  await sleep(50)
  await t.rejects(work.writeOnce(command, 1, Answer, effect('slow')), { code: 'idempotency_in_progress' })
  release()
  t.match(await first, { id: /answer/ })
})

t.test('a unit of work', async (t) => {
  const opened = await open(t)
  const { work, failures } = opened

  t.test('is tried again where transactions got in each other\'s way, and only there', async (t) => {
    for (const [code, isRetried] of [['40001', true], ['40P01', true], ['23505', false]] as const) {
      let attempts = 0
      const run = work.write(worker, 1, async ({ client }) => {
        attempts += 1
        if (attempts < 3) await client.query(`do $$ begin raise exception 'again' using errcode = '${code}'; end $$`)
        return attempts
      })
      if (isRetried) t.equal(await run, 3, code)
      else await t.rejects(run, { code })
      t.equal(attempts, isRetried ? 3 : 1)
    }
    let attempts = 0
    await t.rejects(work.write(worker, 1, async ({ client }) => {
      attempts += 1
      await client.query("do $$ begin raise exception 'again' using errcode = '40001'; end $$")
    }), { code: 'unavailable' })
    t.equal(attempts, 6, 'not for ever')
  })

  t.test('whose connection breaks in the middle of a query is refused for now, however the query was sent', async (t) => {
    const breaking = ({ client }: Tx): void => { setTimeout(() => { (client as unknown as { connection: { stream: { destroy: () => void } } }).connection.stream.destroy() }, 50) }
    await t.rejects(work.write(worker, 1, async (tx) => { breaking(tx); await tx.client.query('select pg_sleep(5)') }), { code: 'unavailable' })
    await t.rejects(work.write(worker, 1, async (tx) => { breaking(tx); await tx.db.execute(sql`select pg_sleep(5)`) }), { code: 'unavailable' })
  })

  t.test('does what follows the commit after it, in order, and what fails there harms nothing', async (t) => {
    const done: string[] = []
    t.equal(await work.write(worker, 1, async (tx) => {
      tx.afterCommit(async () => { done.push(`one ${await effectsOf(opened, 'followed')}`) })
      tx.afterCommit(async () => { throw new Error('afterwards') })
      tx.afterCommit(async () => { done.push('three') })
      await effect('followed')(tx)
      return 'result'
    }), 'result')
    t.same(done, ['one 1', 'three'])
    t.match(failures, [{ message: 'afterwards' }])
    await t.rejects(work.write(worker, 1, async (tx) => {
      tx.afterCommit(async () => { done.push('never') })
      throw new Error('no')
    }))
    t.notOk(done.includes('never'))
  })

  t.test('that reads cannot write', async (t) => {
    await t.rejects(work.read(worker, 1, (tx) => effect('read')(tx)), { code: '25006' })
  })

  t.test('runs as its actor, in its office, and another role is a narrow door', async (t) => {
    // Asked beside a table: in a cluster it is where the data is that the role counts.
    const who = async ({ client }: Tx) => (await client.query("select current_user as role, current_setting('ticun.office') as office, count(*) from offices where number = 1")).rows.map(({ role, office }) => ({ role, office }))[0]
    t.same(await work.read(anyone, 7, who), { role: 'ticun_anyone', office: '7' })
    t.same(await work.read(actorOf(aCaller()), 1, (tx) => inRole(tx, 'worker', who)), { role: 'ticun_worker', office: '1' })
    await t.rejects(work.read(actorOf(aCaller()), 1, async (tx) => {
      await inRole(tx, 'worker', async () => { throw new Error('inside') }).catch(() => undefined)
      t.match(await who(tx), { role: 'ticun_notary' }, 'and shut behind it')
      throw new Error('done')
    }), { message: 'done' })
  })

  t.test('of another office does not exist for those who belong to one', async (t) => {
    await t.rejects(work.write(actorOf(aCaller({ office: 1 })), 2, effect('foreign')), { code: 'not_found' })
    await t.rejects(work.read(actorOf(aCaller({ office: 1 })), 2, effect('foreign')), { code: 'not_found' })
  })
})
