import pg from 'pg'
import { pino } from 'pino'
import t from 'tap'
import { checkCharacterOf } from '../../src/identity/model.js'
import { createVault } from '../../src/kernel/vault.js'
import { sealedTables } from '../../src/privacy/columns.js'
import { newParties, staffOf } from '../http/parties.js'
import { advance } from '../support/clock.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { auditAdministrator, newConsumer, newIdNumber, newPhone, signIn } from '../support/people.js'
import { buy, makeContract, trySign } from '../support/purchase.js'
import { application, expectStatus, listProduct } from '../support/shop.js'

/*
 * A whole run, with a thing of every kind in every state, and then a search for every personal value
 * that was used in it: in the logs, in refusals, in the evidence, in what is exported, and in every
 * row of the database as a backup holds it. Values are found as they are, in hex and in base64.
 */

t.setTimeout(300_000)

const forms = (value: string): string[] => {
  const bytes = Buffer.from(value)
  // Of base64 the part that is the same wherever the value begins within a group of three bytes.
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').slice(shift === 0 ? 0 : 4, -4)).filter((text) => text.length >= 8)
  return [value, bytes.toString('hex'), ...base64, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

const idNumberBorn = (birth: string): string => {
  const digits = `310105${birth}${newIdNumber().slice(14, 17)}`
  return digits + checkCharacterOf(digits)
}

t.test('personal data stays where it may be', async (t) => {
  const logged: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => { logged.push(line) } })
  const app = await startApp(t, {}, undefined, logger)
  const staff = await staffOf(app)
  const [party] = await newParties(app, staff, 1)
  if (!party) throw new Error('no party')

  // People whose every value is found nowhere else.
  const values: Record<string, string> = {}
  const used = (name: string, value: string): string => {
    values[name] = value
    return value
  }
  used('consumer phone', party.consumer.phone)
  used('consumer ID number', party.consumer.idNumber)
  used('owner phone', party.ownerPhone)
  used('cashier phone', party.cashierPhone)
  const consumer = await newConsumer(app, { phone: used('phone', newPhone()), legalName: used('name', '欧阳锦瑟'), idNumber: used('ID number', newIdNumber()) })
  const childBorn = `${Number((await app.nobody.get('/sandbox/clock')).body.now.slice(0, 4)) - 5}0101`
  const child = { legalName: used('child', '欧阳蒹葭'), idNumber: used('child ID number', idNumberBorn(childBorn)) }
  const productId = await listProduct(app, party)
  const { id: withChild } = await makeContract(consumer, productId, { beneficiary: child })
  expectStatus(await trySign(app, consumer, withChild), 200)
  const bought = await buy(app, consumer, productId)
  const accountNumber = used('bank account', '6222021001987654321')
  const ownerPhone = used('applicant owner phone', newPhone())
  expectStatus(await consumer.post('/merchants', { ...application({ ownerPhone }), settlementAccount: { bankName: '中国工商银行', accountName: used('account name', '端木长缨个体经营户'), accountNumber } }), 201)
  expectStatus(await consumer.post('/me/corrections', { legalName: used('corrected name', '欧阳锦书'), idNumber: used('corrected ID number', newIdNumber()), grounds: '录入有误' }), 201)
  expectStatus(await staff.administrator.post('/staff-proposals', { phone: used('colleague phone', newPhone()), name: used('colleague', '慕容拾遗'), end: 'operator' }), 201)

  t.test('a person of no account who closes it leaves nothing', async () => {
    const light = await newConsumer(app, { phone: used('closed phone', newPhone()), legalName: used('closed name', '百里归墟'), idNumber: used('closed ID number', newIdNumber()) })
    expectStatus(await light.post('/me/account/close', { confirm: true }), 200)
  })

  await advance(app, 25 * 3_600)
  await app.keepEvidence()

  const found = (text: string): string[] => Object.entries(values).filter(([, value]) => forms(value).some((form) => text.includes(form))).map(([name]) => name)

  t.test('refusals repeat nothing of what was sent', async (t) => {
    const answers = [
      await consumer.put('/me/identity', { legalName: values.name, idNumber: values['child ID number'] }),
      await consumer.put('/me/identity', { legalName: values.name, idNumber: `${values['ID number']}0` }),
      await consumer.post('/me/corrections', { legalName: values['corrected name'], idNumber: values['corrected ID number'], grounds: '再次' }),
      await consumer.post(`/contracts/${bought}/transfers`, { phone: values.phone }),
      await consumer.post('/me/account/close', { confirm: true }),
      await app.nobody.post('/auth/challenges', { phone: `${values.phone}0`, purpose: 'login' }),
      await consumer.post('/contracts', { productId: 'none', beneficiary: child }),
      await app.nobody.get(`/${values.phone}`)
    ]
    for (const { status, body } of answers) {
      t.ok(status >= 400 && status < 500, `${status}`)
      t.same(found(JSON.stringify(body)), [])
    }
  })

  t.test('logs name nobody, even at their most talkative', (t) => {
    t.ok(logged.length > 20, `${logged.length} lines`)
    t.same(logged.filter((line) => found(line).length > 0), [])
    t.end()
  })

  t.test('exports and what others may see name nobody', async (t) => {
    const day = (await app.nobody.get('/sandbox/clock')).body.now.slice(0, 10)
    const range = `from=2020-01-01&to=${day}`
    for (const [person, path] of [
      [staff.bureau, `/audit/journal?${range}&format=jsonl`], [staff.bureau, `/audit/journal?${range}&format=csv`], [staff.bureau, `/audit/journal?${range}&format=hledger`],
      [staff.notary, `/audit/journal?${range}&format=jsonl`], [staff.bureau, '/audit/merchants'], [staff.bureau, '/audit/overview'], [staff.bureau, '/audit/trial-balance'],
      [party.owner, '/contracts?limit=100'], [party.owner, '/redemptions?limit=100'], [staff.notary, '/contracts?limit=100'], [staff.security, '/staff?limit=100'], [staff.notary, '/corrections'],
      [await auditAdministrator(app), '/access-log?limit=100'], [consumer, `/contracts/${bought}/receipt`], [consumer, '/me']
    ] as const) {
      await person.get('/me')
      const { statusCode, payload } = await app.app.inject({ url: `/v1${path}`, headers: { authorization: `Bearer ${person.token}` } })
      t.equal(statusCode, 200, path)
      t.same(found(payload), [], path)
    }
    t.same(found((await app.app.inject('/metrics')).payload), [], 'metrics')
  })

  const client = new pg.Client({ connectionString: app.database.ownerUrl })
  await client.connect()
  t.teardown(() => client.end())
  const tables: string[] = (await client.query("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1")).rows.map(({ relname }) => relname)

  t.test('no row of a backup can be read: only the sandbox\'s outside world is in the clear', async (t) => {
    const rows = async (table: string): Promise<string[]> => (await client.query(`select t::text as row from public."${table}" t`)).rows.map(({ row }) => row)
    const leaks: string[] = []
    let searched = 0
    for (const table of tables.filter((name) => !name.startsWith('sandbox_'))) {
      for (const row of await rows(table)) {
        searched += 1
        for (const name of found(row)) leaks.push(`${table}: ${name}`)
      }
    }
    t.ok(searched > 500, `${searched} rows`)
    t.same([...new Set(leaks)], [])
    t.ok(found((await rows('sandbox_messages')).join()).length > 2, 'the search finds what is there')
  })

  t.test('every sealed value is in the declared list, and opens by it', async (t) => {
    const vault = createVault(sandboxConfig.dataKeys, sandboxConfig.indexKeys)
    const declared = new Set(sealedTables.flatMap(({ table, sealed = [] }) => sealed.map(({ column }) => `${table}.${column}`)))
    const prefix = `${vault.newest.sealing}.`
    const columns = (await client.query("select table_name as \"table\", column_name as column from information_schema.columns where table_schema = 'public' and data_type = 'text'")).rows.filter(({ table }) => tables.includes(table))
    for (const { table, column } of columns) {
      const { rows: [row] } = await client.query(`select count(*)::int as n from public."${table}" where "${column}" like $1`, [`${prefix}%`])
      if (row.n > 0) t.ok(declared.has(`${table}.${column}`), `${table}.${column} is declared`)
    }
    let opened = 0
    for (const { table, sealed = [] } of sealedTables) {
      for (const { column, about } of sealed) {
        const by = typeof about === 'string' ? "''" : `t.${about.by}`
        for (const { value, kind } of (await client.query(`select t.${column} as value, ${by} as kind from public.${table} t where t.${column} like $1`, [`${prefix}%`])).rows) {
          vault.open(value, typeof about === 'string' ? about : about.is[kind] as string)
          opened += 1
        }
      }
    }
    t.ok(opened > 60, `${opened} values`)
  })

  t.test('evidence holds only salted hashes', async (t) => {
    const { rows } = await client.query('select entry from evidence_entries')
    t.ok(rows.length > 50)
    t.same([...new Set(rows.flatMap(({ entry }) => found(entry)))], [])
  })

  t.test('a person\'s own copy has it all', async (t) => {
    const own = await signIn(app, { phone: values.phone as string, end: 'consumer' })
    t.same(found(JSON.stringify((await own.get('/me/data')).body)).sort(), ['ID number', 'child', 'child ID number', 'name', 'phone'].sort())
  })
})
