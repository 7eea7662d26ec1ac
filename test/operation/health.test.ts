import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { openWire } from '../../simulate/proxy.js'
import { createApp } from '../../src/app.js'
import { createJobRunner } from '../../src/jobs/runner.js'
import { createHealth } from '../../src/operation/health.js'
import { clockAt } from '../../src/kernel/clock.js'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { isInCluster } from '../support/cluster.js'
import { createDatabase, sandboxConfig } from '../support/database.js'

t.setTimeout(isInCluster() ? 240_000 : 120_000)

/** Longer than the jobs pause between two ticks, and than one of them takes: in a cluster much longer. */
const deadAfterMs = isInCluster() ? 12_000 : 3_000
const patienceMs = isInCluster() ? 60_000 : 20_000
/** A look may take two seconds; the rest is what a busy machine adds. */
const answerMaxMs = 4_000

/** A service that reaches its database over a wire of ours, and keeps nothing it saw. */
const aService = async (t: Test) => {
  const database = await createDatabase()
  const wire = await openWire(() => Number(new URL(database.ownerUrl).port))
  const serviceUrl = new URL(database.serviceUrl)
  serviceUrl.host = `127.0.0.1:${wire.port}`
  const dataDirectory = join(tmpdir(), `ticun-test-${randomUUID()}`)
  const said: string[] = []
  const ticun = await createApp({
    config: { ...sandboxConfig, dataDirectory }, serviceUrl: serviceUrl.href, looking: { keptMs: 0, deadAfterMs },
    logger: pino({ level: 'error' }, { write: (line) => { said.push(line) } })
  })
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  t.teardown(async () => {
    wire.mend()
    await ticun.close()
    await owner.end()
    await wire.close()
    await database.drop()
    await rm(dataDirectory, { recursive: true, force: true })
  })

  const get = async (url: string) => {
    const begun = Date.now()
    const { statusCode, payload } = await ticun.app.inject({ url })
    return { status: statusCode, payload, tookMs: Date.now() - begun }
  }
  const readyz = async () => {
    const { status, payload, tookMs } = await get('/readyz')
    return { status, tookMs, body: JSON.parse(payload) as { status: string; checks: Record<string, string> } }
  }
  /** Asks until the answer is of this status; then it also says for what. */
  const until = async (status: number): Promise<Awaited<ReturnType<typeof readyz>>> => {
    for (const end = Date.now() + patienceMs; ; await sleep(50)) {
      const answer = await readyz()
      if (answer.status === status) return answer
      if (Date.now() > end) throw new Error(`/readyz does not answer ${status} but ${JSON.stringify(answer)}; the log: ${said.join('')}`)
    }
  }
  return { ...ticun, wire, owner, ownerUrl: database.ownerUrl, said, dataDirectory, get, readyz, until }
}

const failing = ({ body: { checks } }: { body: { checks: Record<string, string> } }): string[] =>
  Object.entries(checks).filter(([, state]) => state !== 'ok').map(([name]) => name)

t.test('a process says whether it may have traffic', async (t) => {
  const service = await aService(t)
  const { wire, owner, readyz, until, get, said } = service

  t.match(await readyz(), { status: 503, body: { status: 'starting', checks: {} } }, 'not before its jobs run')
  service.start()
  t.match(await until(200), { body: { status: 'ready', checks: { database: 'ok', migrations: 'ok', jobs: 'ok', sequencer: 'ok', storage: 'ok' } } })

  await t.test('not when the database refuses connections, and not at the cost of the process', async (t) => {
    wire.break()
    const answer = await until(503)
    t.match(answer.body, { status: 'not_ready', checks: { database: 'failing', migrations: 'failing', sequencer: 'failing', storage: 'ok' } })
    t.ok(answer.tookMs < answerMaxMs, `told after ${answer.tookMs} ms`)
    t.notMatch(JSON.stringify(answer.body), /ECONN|postgres|127\.0\.0\.1|ticun_service/, 'nothing of what is inside')
    t.ok(said.some((line) => /"check":"database"/.test(line) && /"err":/.test(line)), 'the log knows why')
    t.match(await get('/healthz'), { status: 200 }, 'it lives, and need not be started anew')
    const metrics = await get('/metrics')
    t.match(metrics, { status: 200, payload: /^ticun_database_up 0$/m })
    t.notMatch(metrics.payload, /^ticun_(evidence_lag_seconds|outbox_undelivered|ledger_difference_fen)\{/m, 'old figures are not shown as new ones')
    wire.mend()
    await until(200)
  })

  await t.test('not when the database is there and never answers', async (t) => {
    wire.stall()
    const [answer, metrics] = [await readyz(), await get('/metrics')]
    t.match(answer, { status: 503, body: { status: 'not_ready', checks: { database: 'failing' } } })
    t.ok(answer.tookMs < answerMaxMs && metrics.tookMs < answerMaxMs, `told after ${answer.tookMs} and ${metrics.tookMs} ms`)
    t.match(metrics, { status: 200, payload: /^ticun_database_up 0$/m })
    wire.cut()
    wire.mend()
    await until(200)
    t.match((await get('/metrics')).payload, /^ticun_database_up 1$/m)
  })

  await t.test('not when the jobs hang, or no process gives evidence its place', async (t) => {
    // Transactions somebody forgot: every job that looks for deadlines waits behind one, every sequencer behind the other.
    await owner.query('begin; lock table deadlines in access exclusive mode')
    const other = new pg.Client({ connectionString: service.ownerUrl })
    await other.connect()
    t.teardown(() => other.end())
    await other.query('begin')
    while (!(await other.query('select pg_try_advisory_xact_lock(711910, 1) as had')).rows[0].had) await sleep(20)
    t.same(failing(await readyz()), [], 'at first nothing waits')
    const client = await service.pool.connect()
    await client.query(`begin; set local role ticun_worker; set local ticun.office = '1';
      insert into evidence_entries (office_id, id, fact, subject, entry, created_at) values (1, '${uuidOf(newId('evd', 1))}', 'tested', 'test', '{}', now()); commit`)
    client.release()
    for (const end = Date.now() + patienceMs; failing(await readyz()).length < 2; await sleep(50)) if (Date.now() > end) throw new Error(JSON.stringify(await readyz()))
    t.same(failing(await readyz()), ['jobs', 'sequencer'])
    const metrics = (await get('/metrics')).payload
    t.match(metrics, /^ticun_evidence_waiting_entries\{office="1"\} 1$/m)
    t.ok(Number(/^ticun_evidence_lag_seconds\{office="1"\} (.+)$/m.exec(metrics)?.[1]) >= deadAfterMs / 1_000)
    t.match(metrics, /^ticun_ready_check\{check="sequencer"\} 0$/m)
    await other.query('rollback')
    await owner.query('rollback')
    await until(200)
  })

  await t.test('not when files cannot be written', async (t) => {
    const files = join(service.dataDirectory, 'files')
    await rm(files, { recursive: true, force: true })
    await writeFile(files, 'a file where the folder should be')
    const answer = await until(503)
    t.same(failing(answer), ['storage'])
    t.match((await get('/metrics')).payload, /^ticun_storage_up 0$/m)
    await rm(files)
    await mkdir(files)
    await until(200)
  })

  await t.test('not when it lacks a migration', async (t) => {
    const { rows: [newest] } = await owner.query('delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations) returning *')
    t.same(failing(await until(503)), ['migrations'])
    await owner.query('insert into drizzle.__drizzle_migrations (id, hash, created_at) values ($1, $2, $3)', [newest.id, newest.hash, newest.created_at])
    await until(200)
  })
})

t.test('a flood of probes is one look, and one that takes too long is told', async (t) => {
  const looks = { quick: 0, endless: 0 }
  const turns: string[] = []
  const health = createHealth({
    limitMs: 100, onTurn: (name, state) => { turns.push(`${name} ${state}`) },
    checks: [
      { name: 'database', keptMs: 60_000, look: async () => { looks.quick += 1; await sleep(20) } },
      { name: 'storage', keptMs: 60_000, look: () => { looks.endless += 1; return new Promise(() => undefined) } }
    ]
  })
  health.serve()
  const begun = Date.now()
  for (const round of [1, 2]) {
    const answers = await Promise.all(Array.from({ length: 500 }, () => health.readiness()))
    t.ok(answers.every(({ status, checks }) => status === 'not_ready' && checks.database === 'ok' && checks.storage === 'failing'), `round ${round}`)
  }
  t.ok(Date.now() - begun < 2_000, 'whoever asks waits for the limit and no longer')
  t.same(looks, { quick: 1, endless: 1 })
  t.same(turns, ['storage failing'], 'the log is told once')
  health.stop()
  t.same(await health.readiness(), { status: 'stopping', checks: {} })
})

t.test('a runner that was ended, or whose job never ends, is not alive', async (t) => {
  const clock = clockAt(new Date('2026-05-04T09:00:00Z'))
  const of = (run: () => Promise<void>) => createJobRunner({
    clock, jobs: [{ name: 'job', nextDue: () => Promise.resolve(new Date('2026-05-04T08:59:00Z')), run }], offices: async () => [1], onFailure: () => undefined, stuckAfterMs: 1_500
  })
  const sound = of(() => Promise.resolve())
  const hanging = of(() => new Promise(() => undefined))
  const broken = of(() => Promise.reject(new Error('no')))
  t.equal(sound.isAlive(), false, 'one that was never started neither')
  for (const runner of [sound, hanging, broken]) runner.start()
  await sleep(200)
  t.same([sound, hanging, broken].map((runner) => runner.isAlive()), [true, false, true])
  t.same([...sound.lastSuccesses().keys(), ...broken.lastSuccesses().keys()], ['job'], 'a job that fails has had no success')
  t.same(await sound.overdue(), new Map([['job', 60_000]]))
  await sound.stop()
  await broken.stop()
  t.equal(sound.isAlive(), false)
})
