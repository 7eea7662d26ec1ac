import pg from 'pg'
import t from 'tap'
import { exclusively } from '../../src/db/exclusive.js'
import { openListener } from '../../src/db/listener.js'
import { createDatabase } from '../support/database.js'

const until = async (holds: () => boolean) => {
  for (let i = 0; i < 200 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 25))
}

const asOwner = async (url: string, sql: string, values: unknown[] = []) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql, values)
  await client.end()
}

t.test('a listener', async (t) => {
  const database = await createDatabase()
  t.teardown(() => database.drop())
  const heard: string[] = []
  const errors: Error[] = []
  let connections = 0
  const listener = await openListener({
    connectionString: database.serviceUrl, channel: 'ticun_test',
    onMessage: (payload) => { heard.push(payload) }, onConnect: async () => { connections++ }, onError: (error) => { errors.push(error) }
  })
  const tell = (payload: string) => asOwner(database.ownerUrl, 'select pg_notify($1, $2)', ['ticun_test', payload])

  await t.test('hears what others tell', async (t) => {
    await tell('a')
    await until(() => heard.length === 1)
    t.same(heard, ['a'])
    t.equal(connections, 1)
  })

  await t.test('connects again when its connection is lost, and loads afresh', async (t) => {
    await asOwner(database.ownerUrl, 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', ['ticun ticun_test'])
    await until(() => connections === 2)
    t.equal(connections, 2)
    t.ok(errors.length > 0, 'the loss is told')
    await tell('b')
    await until(() => heard.length === 2)
    t.same(heard, ['a', 'b'])
  })

  await t.test('does not come back once closed', async (t) => {
    await listener.close()
    await new Promise((resolve) => setTimeout(resolve, 700))
    t.equal(connections, 2)
  })

  await t.test('says at the start when it cannot connect', async (t) => {
    const nowhere = new URL(database.serviceUrl)
    nowhere.username = 'nobody'
    await t.rejects(openListener({ connectionString: nowhere.href, channel: 'x', onMessage: () => undefined, onConnect: async () => undefined, onError: () => undefined }))
  })
})

t.test('what is done exclusively is done one at a time, and the lock is let go of after a failure', async (t) => {
  const database = await createDatabase()
  t.teardown(() => database.drop())
  let inside = 0
  let most = 0
  const one = (fails: boolean) => exclusively(database.serviceUrl, 42n, async () => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside--
    if (fails) throw new Error('failed')
    return 'done'
  })
  const outcomes = await Promise.allSettled([one(false), one(true), one(false), one(false)])
  t.same(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  t.equal(most, 1)
})
