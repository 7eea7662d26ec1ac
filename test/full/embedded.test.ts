import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { commandOf } from '../../src/db/embedded-tickets.js'
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.js'

const source = new URL('../../src/db/embedded.ts', import.meta.url)
const root = fileURLToPath(new URL('../..', import.meta.url))
const light = { durable: false, settings: { shared_buffers: '16MB' } }
const isRoot = process.getuid?.() === 0

t.setTimeout(180_000)

const postmasterPid = async (directory: string): Promise<number | undefined> =>
  readFile(join(directory, 'pg', 'postmaster.pid'), 'utf8').then((text) => Number(text.split('\n')[0]), () => undefined)

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 30_000; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error('Waited in vain.')
  }
}

/** A zombie that its parent has not yet fetched has no command line. */
const isGone = async (pid: number): Promise<boolean> => !(await commandOf(pid))

const killHard = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL')
  await until(() => isGone(pid))
}

/** A folder that any account can enter, emptied of server and files when the test ends. */
const anEmptyDirectory = async (t: Test): Promise<string> => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'ticun-test-')))
  await chmod(parent, 0o755)
  const directory = join(parent, 'data')
  t.teardown(async () => {
    const pid = await postmasterPid(directory)
    if (pid && pid !== process.pid && !(await isGone(pid))) await killHard(pid)
    await rm(parent, { recursive: true, maxRetries: 5 })
  })
  return directory
}

const prepare = async (): Promise<string> => {
  const directory = await anEmptyDirectory(t)
  await (await startEmbedded({ dataDirectory: directory, ...light })).stop()
  return directory
}
const prepared = prepare()

/** One with a database in it, copied because initdb takes a second. */
const aDirectory = async (t: Test): Promise<string> => {
  const directory = await anEmptyDirectory(t)
  await promisify(execFile)('cp', ['-a', await prepared, directory])
  return directory
}

const ask = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

type Child = Readonly<{ run: ChildProcess; said: () => Promise<Pick<EmbeddedServer, 'port' | 'reused'>> }>

/** Another program that starts the server, tells so, and stops it when a line comes in. */
const aChild = (t: Test, dataDirectory: string): Child => {
  const code = `
    const { startEmbedded } = await import(${JSON.stringify(source.href)})
    const server = await startEmbedded(${JSON.stringify({ ...light, dataDirectory })})
    console.log(JSON.stringify(server))
    process.stdin.once('data', async () => { await server.stop(); process.exit(0) })`
  const args = ['--import', 'tsx', '--input-type=module', '-e', code]
  const run = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  t.teardown(() => run.kill('SIGKILL'))
  const line = once(createInterface(run.stdout), 'line')
  return { run, said: async () => JSON.parse(String((await line)[0])) }
}

const leave = async ({ run }: Child): Promise<void> => {
  run.stdin?.write('go\n')
  await once(run, 'exit')
}

t.test('a stopped server keeps its data and its port for the next start', async (t) => {
  const dataDirectory = await anEmptyDirectory(t)
  const lines: string[] = []
  const first = await startEmbedded({ dataDirectory, log: (line) => lines.push(line) })
  t.match(first, { reused: false, directory: dataDirectory })
  t.match(first.url, `@127.0.0.1:${first.port}/ticun`)
  t.same(lines, [`A new database is being prepared in ${dataDirectory}.`])
  t.equal((await stat(join(dataDirectory, 'postgres.json'))).mode & 0o777, 0o600)

  const shown = ['fsync', 'full_page_writes', 'synchronous_commit', 'timezone', 'max_connections', 'shared_buffers', 'listen_addresses', 'unix_socket_directories']
  t.same(
    await ask(first.url, `select ${shown.map((name) => `current_setting('${name}')`).join(', ')}`),
    ['on', 'on', 'on', 'UTC', '100', '256MB', '127.0.0.1', '']
  )
  t.same(
    await ask(first.url, "select datlocprovider::text, datlocale, pg_encoding_to_char(encoding) from pg_database where datname = 'ticun'"),
    ['b', 'C.UTF-8', 'UTF8']
  )
  await t.rejects(ask(first.url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select'), { code: '28P01' })

  await ask(first.url, 'create table kept (word text)')
  await ask(first.url, "insert into kept values ('一')")
  const pid = await postmasterPid(dataDirectory)
  await first.stop()
  t.ok(pid && (await isGone(pid)), 'the server is down when stop answers')
  t.equal(first.stop(), first.stop(), 'stopping again stops nothing more')

  const second = await startEmbedded({ dataDirectory, log: (line) => lines.push(line) })
  t.match(second, { reused: false, port: first.port, url: first.url })
  t.same(await ask(second.url, 'select word from kept'), ['一'])
  t.equal(lines.length, 1)
  await second.stop()
})

t.test('a database and settings are as the caller wishes', async (t) => {
  const dataDirectory = await aDirectory(t)
  const settings = { ...light.settings, application_name: "o'clock # 2" }
  const server = await startEmbedded({ dataDirectory, ...light, settings, database: 'Odd "name"' })
  const other = await startEmbedded({ dataDirectory, ...light, database: 'other' })
  t.same(
    await ask(server.url, "select current_database(), current_setting('fsync'), current_setting('shared_buffers'), current_setting('application_name')"),
    ['Odd "name"', 'off', '16MB', "o'clock # 2"]
  )
  t.match(other, { reused: true, port: server.port })
  t.same(await ask(other.url, 'select current_database()'), ['other'])

  await t.rejects(startEmbedded({ dataDirectory }), /used without durability/, 'a shared careless server is refused')
  await server.stop()
  t.same(await ask(other.url, 'select 1'), [1], 'the second user keeps the server')
  await other.stop()
  t.equal(await postmasterPid(dataDirectory), undefined)
})

t.test('a server whose starter was killed is found and taken over', async (t) => {
  const dataDirectory = await aDirectory(t)
  const alone = aChild(t, dataDirectory)
  const { port } = await alone.said()
  const pid = await postmasterPid(dataDirectory)
  await killHard(alone.run.pid ?? 0)

  const group = aChild(t, dataDirectory)
  t.match(await group.said(), { port, reused: true })
  await killHard(-(group.run.pid ?? 0)).catch(() => undefined)
  await until(() => isGone(group.run.pid ?? 0))

  const heir = await startEmbedded({ dataDirectory, ...light })
  t.match(heir, { port, reused: true })
  t.equal(await postmasterPid(dataDirectory), pid)
  t.equal((await readdir(join(dataDirectory, 'users'))).length, 1, 'tickets of the dead are swept away')
  await heir.stop()
  t.ok(pid && (await isGone(pid)))
})

t.test('a careless server left behind is restarted for one who wants durability', async (t) => {
  const dataDirectory = await aDirectory(t)
  const child = aChild(t, dataDirectory)
  await child.said()
  await killHard(child.run.pid ?? 0)
  const server = await startEmbedded({ dataDirectory, settings: light.settings })
  t.equal(server.reused, false)
  t.same(await ask(server.url, "select current_setting('fsync')"), ['on'])
  await server.stop()
})

t.test('a server that does not archive its log is restarted for one who wants that, and then keeps doing so', async (t) => {
  const dataDirectory = await aDirectory(t)
  const archive = { directory: join(dataDirectory, '..', "o'clock 100%"), timeoutSeconds: 5 }
  const archiving = "select current_setting('archive_mode'), current_setting('archive_timeout')"
  const child = aChild(t, dataDirectory)
  await child.said()
  await t.rejects(startEmbedded({ dataDirectory, ...light, archive }), /used without this archive/, 'a shared one is left alone')
  await killHard(child.run.pid ?? 0)
  const server = await startEmbedded({ dataDirectory, settings: light.settings, archive })
  t.equal(server.reused, false)
  t.same(await ask(server.url, archiving), ['on', '5s'])
  await ask(server.url, 'create table kept (n int)')
  await ask(server.url, 'select pg_switch_wal()')
  await until(async () => (await readdir(join(archive.directory, 'wal'))).some((name) => /^[0-9A-F]{24}$/.test(name)))
  await server.stop()

  const tool = await startEmbedded({ dataDirectory, settings: light.settings })
  t.same(await ask(tool.url, archiving), ['on', '5s'], 'for one who says nothing of it')
  await tool.stop()
  const without = await startEmbedded({ dataDirectory, settings: light.settings, archive: null })
  t.same(await ask(without.url, archiving), ['off', '0'])
  await without.stop()
  await t.rejects(startEmbedded({ dataDirectory: await aDirectory(t), ...light, archive }), /belongs to another database/)
})

t.test('a killed server recovers what was committed', async (t) => {
  const dataDirectory = await aDirectory(t)
  const first = await startEmbedded({ dataDirectory, settings: light.settings })
  await ask(first.url, 'create table kept as select generate_series(1, 1000) as n')
  await killHard((await postmasterPid(dataDirectory)) ?? 0)

  const second = await startEmbedded({ dataDirectory, settings: light.settings })
  t.match(second, { reused: false, port: first.port })
  t.same(await ask(second.url, 'select count(*)::int from kept'), [1000])
  t.match(await readFile(join(dataDirectory, 'postgres.log'), 'utf8'), /automatic recovery in progress/)
  await first.stop()
  t.same(await ask(second.url, 'select 1'), [1])
  await second.stop()
})

t.test('a start waits for the children of a killed server', async (t) => {
  const dataDirectory = await aDirectory(t)
  const { url } = await startEmbedded({ dataDirectory, ...light })
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  const backend = Number((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid)
  process.kill(backend, 'SIGSTOP')
  await killHard((await postmasterPid(dataDirectory)) ?? 0)

  setTimeout(() => process.kill(backend, 'SIGCONT'), 2_000)
  const server = await startEmbedded({ dataDirectory, ...light })
  t.equal(server.reused, false)
  t.match(await readFile(join(dataDirectory, 'postgres.log'), 'utf8'), /pre-existing shared memory block/)
  await client.end().catch(() => undefined)
  await killHard((await postmasterPid(dataDirectory)) ?? 0)
})

t.test('a server that is just starting or stopping is waited for', async (t) => {
  const dataDirectory = await aDirectory(t)
  const { url, port } = await startEmbedded({ dataDirectory, ...light })
  const pid = (await postmasterPid(dataDirectory)) ?? 0
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()

  // A smart shutdown lets nobody in until the last client has left.
  process.kill(pid, 'SIGTERM')
  setTimeout(() => client.end(), 1_000)
  const next = await startEmbedded({ dataDirectory, ...light })
  t.match(next, { reused: false, port })
  t.not(await postmasterPid(dataDirectory), pid)

  // A server that stands still answers no connection.
  const live = (await postmasterPid(dataDirectory)) ?? 0
  process.kill(live, 'SIGSTOP')
  setTimeout(() => process.kill(live, 'SIGCONT'), 1_000)
  t.match(await startEmbedded({ dataDirectory, ...light }), { reused: true, port })
})

t.test('programs that start at once share one server, and the last to leave stops it', async (t) => {
  const dataDirectory = await anEmptyDirectory(t)
  const children = [1, 2, 3].map(() => aChild(t, dataDirectory))
  const said = await Promise.all(children.map((child) => child.said()))
  t.equal(new Set(said.map(({ port }) => port)).size, 1)
  t.equal(said.filter(({ reused }) => !reused).length, 1)

  const pid = (await postmasterPid(dataDirectory)) ?? 0
  const [first, ...others] = children
  if (first) await leave(first)
  t.notOk(await isGone(pid))
  await Promise.all(others.map(leave))
  t.ok(await isGone(pid))
  t.same(await readdir(join(dataDirectory, 'users')), [])
  t.same(await readdir(join(dataDirectory, 'lock')), [])
})

t.test('what dead programs left behind stands in nobody\'s way', async (t) => {
  const dataDirectory = await aDirectory(t)
  const once = await startEmbedded({ dataDirectory, ...light })
  const pidFile = join(dataDirectory, 'pg', 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8')
  await once.stop()
  const withPid = (pid: number) => text.replace(/^\d+/, String(pid))

  for (const [meaning, pid] of [['no process', 2 ** 22 - 1], ['this test', process.pid], ['the first process', 1]] as const) {
    await writeFile(pidFile, withPid(pid))
    await chmod(pidFile, 0o644)
    for (const folder of ['lock', 'users']) await writeFile(join(dataDirectory, folder, `${pid}-1-00000000`), '')
    const server = await startEmbedded({ dataDirectory, ...light })
    t.equal(server.reused, false, `a pid file that names ${meaning}`)
    await server.stop()
    t.equal(await postmasterPid(dataDirectory), undefined, 'the dead user does not keep the server')
  }
})

t.test('a cluster that was broken off in the making is made anew', async (t) => {
  const dataDirectory = await anEmptyDirectory(t)
  const child = aChild(t, dataDirectory)
  const drafts = () => readdir(dataDirectory).then((names) => names.filter((name) => /^pg\.init-\w+$/.test(name)), () => [])
  await until(async () => (await drafts()).length > 0)
  await sleep(150)
  child.run.kill('SIGKILL')
  t.notOk((await readdir(dataDirectory)).includes('pg'))

  const server = await startEmbedded({ dataDirectory, ...light })
  t.same(await ask(server.url, 'select 1'), [1])
  await server.stop()
  const leftover = join(dataDirectory, 'pg.init-dead')
  await rm(join(dataDirectory, 'pg'), { recursive: true })
  await mkdir(leftover)
  await (await startEmbedded({ dataDirectory, ...light })).stop()
  t.same(await drafts(), [])
})

t.test('another program on the port used last moves the server to a free one', async (t) => {
  const dataDirectory = await aDirectory(t)
  const first = await startEmbedded({ dataDirectory, ...light })
  await first.stop()
  const squatter = createServer().listen(first.port, '127.0.0.1')
  await once(squatter, 'listening')
  const second = await startEmbedded({ dataDirectory, ...light })
  squatter.close()
  t.not(second.port, first.port)
  t.same(await ask(second.url, 'select 1'), [1])
  await second.stop()
})

t.test('a server that cannot start says why at once', async (t) => {
  const dataDirectory = await aDirectory(t)
  const settings = { shared_buffers: 'plenty' }
  await t.rejects(startEmbedded({ dataDirectory, settings }), /does not start[^]*postgres\.log[^]*invalid value for parameter "shared_buffers"/)
  t.same(await readdir(join(dataDirectory, 'users')), [])
})

t.test('a machine without a PostgreSQL package is told to bring its own', async (t) => {
  const { arch } = process
  Object.defineProperty(process, 'arch', { value: 'pdp11' })
  t.teardown(() => Object.defineProperty(process, 'arch', { value: arch }))
  await t.rejects(startEmbedded({ dataDirectory: await anEmptyDirectory(t) }), /pdp11 .* DATABASE_URL/)
})

t.test('root keeps the data where PostgreSQL can reach it', { skip: !isRoot && 'needs root' }, async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'ticun-private-'))
  const lines: string[] = []
  const dataDirectory = join(parent, 'data')
  const first = await startEmbedded({ dataDirectory, ...light, log: (line) => lines.push(line) })
  t.teardown(() => Promise.all([parent, first.directory].map((path) => rm(path, { recursive: true }))))
  t.notOk(first.directory.startsWith(parent))
  t.match(lines[0], `cannot enter ${parent}. The database is kept in ${first.directory} instead.`)
  await ask(first.url, 'create table kept ()')
  await first.stop()

  const second = await startEmbedded({ dataDirectory, ...light })
  t.equal(second.directory, first.directory)
  t.same(await ask(second.url, 'select from kept'), [])
  await second.stop()
})
