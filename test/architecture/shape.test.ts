import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t from 'tap'
import { databaseRoles } from '../../src/db/policies.js'
import { migrate } from '../../src/db/migrate.js'
import { readCluster, inDatabase, notInCluster } from '../support/cluster.js'
import { createDatabase, sandboxConfig } from '../support/database.js'

/*
 * The shape that every table must have, so that an office is a shard, a role sees what is its own,
 * and nothing that was written can be changed: read from the catalogue of a migrated database.
 */

/** Tables that belong to no office: people and what lets them in, the offices and their rules, the sandbox's outside world. */
const referenceTables = [
  'challenges', 'memberships', 'offices', 'people', 'retained_particulars', 'rules', 'second_factors', 'sign_ins', 'staff_proposals', 'sandbox_bank_answers', 'sandbox_bank_entries', 'sandbox_bank_orders', 'sandbox_clock',
  'sandbox_messages', 'sandbox_orders', 'sandbox_refunds', 'sandbox_transactions', 'sessions'
]

/** Who sells is public, once accepted; the outbox is the service's own, which delivers for every office. */
const openPolicies = ['merchants_select_anyone', 'outbox_insert_worker', 'outbox_select_worker', 'outbox_update_worker']

const appendOnly = ['alert_moves', 'audit_chain', 'audit_log', 'channel_settlements', 'deposit_refusals', 'entries', 'evidence_anchors', 'evidence_checkpoints', 'evidence_entries', 'evidence_positions', 'evidence_timestamps', 'guardian_consents', 'idempotency_keys', 'indicator_values', 'receipts', 'settled_transactions', 'transfers', 'warning_days']

t.test('the shape of the database', async (t) => {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await database.drop()
  })
  const rows = async (sql: string): Promise<any[]> => (await client.query(sql)).rows
  const tables: string[] = (await rows("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname")).map(({ relname }) => relname)
  const officeTables = tables.filter((name) => !referenceTables.includes(name))

  t.test('every table is office data, or named as reference', async (t) => {
    const withOffice = (await rows("select table_name from information_schema.columns where table_schema = 'public' and column_name = 'office_id' and is_nullable = 'NO' order by 1")).map(({ table_name: name }) => name)
    const views = (await rows("select table_name from information_schema.views where table_schema = 'public'")).map(({ table_name: name }) => name)
    t.same(withOffice.filter((name) => !views.includes(name) && !referenceTables.includes(name)), officeTables)
    t.same(referenceTables.filter((name) => !tables.includes(name)), [])
  })

  t.test('the office is the first column of every primary, unique and foreign key of office data', async (t) => {
    const keys = await rows(`
      select i.indrelid::regclass::text as "table", i.indexrelid::regclass::text as name, i.indisprimary as is_primary, i.indisunique as is_unique, a.attname as first
      from pg_index i join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where c.relnamespace = 'public'::regnamespace`)
    const ofOffices = keys.filter(({ table }) => officeTables.includes(table))
    t.same(ofOffices.filter(({ first, is_unique: isUnique }) => isUnique && first !== 'office_id').map(({ name }) => name), [])
    t.same(officeTables.filter((table) => !ofOffices.some((key) => key.table === table && key.is_primary)), [], 'each has a primary key')
    const foreign = await rows(`
      select k.conrelid::regclass::text as "table", k.confrelid::regclass::text as other, k.conname as name, a.attname as first, b.attname as other_first
      from pg_constraint k
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
      join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
      where k.contype = 'f' and k.connamespace = 'public'::regnamespace`)
    t.ok(foreign.length > 10)
    t.same(foreign.filter(({ table, first, other_first: other }) => officeTables.includes(table) && (first !== 'office_id' || other !== 'office_id')).map(({ name }) => name), [])
    t.same(foreign.filter(({ table, other }) => referenceTables.includes(table) && officeTables.includes(other)).map(({ name }) => name), [], 'reference tables refer to no office data')
    t.same(foreign.filter(({ other, name }) => other === 'transfers' && name !== 'entries_transfer').map(({ name }) => name), [], 'nothing but entries refers to transfers')
  })

  t.test('row-level security is on everywhere, and each role has exactly the commands its policies name', notInCluster('the service asks the coordinator in its own name, with rights of its own; db:distribute looks at the workers'), async (t) => {
    t.same((await rows("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity")), [])
    t.same(await rows("select rolname from pg_roles where rolname ~ '^ticun_' and rolname <> (select rolname from pg_roles where oid = (select relowner from pg_class where relname = 'contracts')) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)"), [])
    t.same(await rows("select c.relname, r.rolname from pg_class c join pg_roles r on r.oid = c.relowner where c.relnamespace = 'public'::regnamespace and r.rolname = any(array['ticun_service'])"), [], 'the service owns nothing')
    const names = databaseRoles.map((role) => `'ticun_${role}'`).join(', ')
    const granted = new Set((await rows(`
      select t.relname as "table", r.rolname as role, p.privilege from pg_class t
      cross join (select oid, rolname from pg_roles where rolname in (${names})) r
      cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) as p(privilege)
      where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and has_table_privilege(r.oid, t.oid, p.privilege)`))
      .map(({ table, role, privilege }) => `${role} ${privilege} ${table}`))
    const named = new Set((await rows("select tablename, cmd, unnest(roles) as role from pg_policies where schemaname = 'public'")).map(({ tablename, cmd, role }) => `${role} ${cmd} ${tablename}`))
    t.same([...granted].filter((one) => !named.has(one)), [], 'nothing is granted that no policy limits')
    t.same([...named].filter((one) => !granted.has(one)), [], 'no policy is without its grant')
    t.same(await rows("select table_name, grantee, privilege_type from information_schema.table_privileges where table_schema = 'public' and grantee in ('PUBLIC', 'ticun_service')"), [])
  })

  t.test('a policy on office data looks at the office, the person, the merchant, or what hangs on them, but for those named', notInCluster('policies that look into another table stand on the shards'), async (t) => {
    const open = await rows(`select tablename, policyname from pg_policies where schemaname = 'public' and coalesce(qual, with_check) !~ 'ticun\\.(office|person|merchant)|exists|EXISTS'`)
    t.same(open.filter(({ tablename }) => officeTables.includes(tablename)).map(({ policyname }) => policyname).sort(), openPolicies)
  })

  t.test('views show what their text decides, to the roles they are granted to, and cannot be written', notInCluster('views of Citus itself stand in the catalogue'), async (t) => {
    const views = await rows("select c.relname, c.reloptions from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' order by 1")
    for (const { relname, reloptions } of views) t.ok(reloptions?.includes('security_barrier=true'), relname)
    t.same(await rows("select table_name, grantee, privilege_type from information_schema.table_privileges p where table_schema = 'public' and grantee ~ '^ticun_' and privilege_type <> 'SELECT' and grantee <> grantor and table_name in (select table_name from information_schema.views where table_schema = 'public')"), [])
  })

  t.test('what is written stays written: no role may change or delete it', async (t) => {
    const writable = await rows(`
      select t.relname as "table", r.rolname as role from pg_class t cross join pg_roles r
      where t.relnamespace = 'public'::regnamespace and t.relname = any(array[${appendOnly.map((name) => `'${name}'`).join(', ')}])
        and not r.rolsuper and r.oid <> t.relowner and r.rolname !~ '^pg_'
        and (has_table_privilege(r.oid, t.oid, 'UPDATE') or has_table_privilege(r.oid, t.oid, 'DELETE') or has_table_privilege(r.oid, t.oid, 'TRUNCATE') or has_any_column_privilege(r.oid, t.oid, 'UPDATE'))`)
    t.same(writable, [])
    t.same(appendOnly.filter((name) => !tables.includes(name)), [])
  })

  t.test('there are no triggers and no rules, and no function that others may call', async (t) => {
    t.same(await rows("select t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'public'::regnamespace and not t.tgisinternal"), [])
    t.same(await rows("select rulename from pg_rules where schemaname = 'public'"), [])
    t.same((await rows("select proname, proacl::text as acl from pg_proc where pronamespace = 'public'::regnamespace")).filter(({ acl }) => acl === null || /[{,]=X/.test(acl)), [], 'none is open to everybody')
  })

  t.test('an instant has its time zone, money is an integer, and nothing comes from the database\'s own clock', async (t) => {
    const columns = await rows("select c.table_name, c.column_name, c.data_type, c.column_default from information_schema.columns c join pg_class k on k.relname = c.table_name and k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p') where c.table_schema = 'public'")
    const of = (wrong: (column: any) => boolean) => columns.filter(wrong).map(({ table_name: table, column_name: column, data_type: type }) => `${table}.${column} ${type}`)
    t.same(of(({ data_type: type }) => type === 'timestamp without time zone' || type.startsWith('time ')), [])
    t.same(of(({ column_name: name, data_type: type }) => /_at$/.test(name) && type !== 'timestamp with time zone'), [])
    t.same(of(({ column_name: name, data_type: type }) => /(^|_)fen$/.test(name) && type !== 'bigint'), [])
    t.same(of(({ data_type: type }) => ['double precision', 'real', 'numeric', 'money'].includes(type)), [])
    t.same(of(({ column_default: value }) => value !== null && /now|current|clock|random|uuid|localtime/i.test(value)), [])
    t.ok(columns.filter(({ column_name: name }) => /_fen$/.test(name)).length > 30)
  })

  t.test('the migrations make exactly what the tables in the code say', notInCluster('constraints and indexes of the shards stand in the catalogue'), async (t) => {
    const source = new URL('../../src/', import.meta.url)
    const files = readdirSync(fileURLToPath(source), { recursive: true }).map(String).filter((file) => /(^|[\\/])table\.ts$/.test(file))
    const modules = await Promise.all(files.map((file) => import(new URL(file.replaceAll('\\', '/'), source).href)))
    const declared = modules.flatMap((module) => Object.values(module)).filter((value): value is PgTable => is(value, PgTable)).map(getTableConfig)
    t.same(declared.map(({ name }) => name).sort(), tables)

    const columns = await rows(`
      select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull"
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`)
    const usual: Record<string, string> = { bigserial: 'bigint', serial: 'integer' }
    const inCode = declared.flatMap(({ name: table, columns }) => columns.map((column) =>
      `${table}.${column.name} ${usual[column.getSQLType()] ?? column.getSQLType()}${column.notNull || column.primary ? ' not null' : ''}`))
    t.same(columns.map(({ table, name, type, notNull }) => `${table}.${name} ${type}${notNull ? ' not null' : ''}`).sort(), inCode.sort())

    const constraints = (await rows("select conname from pg_constraint where connamespace = 'public'::regnamespace and contype in ('u', 'f', 'c') order by 1")).map(({ conname }) => conname)
    t.same(constraints.sort(), declared.flatMap(({ uniqueConstraints, foreignKeys, checks, columns }) => [
      ...uniqueConstraints.map((one) => one.getName()), ...foreignKeys.map((one) => one.getName()), ...checks.map(({ name }) => name), ...columns.filter(({ isUnique }) => isUnique).map(({ uniqueName }) => uniqueName)
    ]).sort())

    const indexes = (await rows("select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid where i.relnamespace = 'public'::regnamespace and not exists (select 1 from pg_constraint k where k.conindid = i.oid) order by 1")).map(({ relname }) => relname)
    t.same(indexes.sort(), declared.flatMap((table) => table.indexes.map(({ config }) => config.name)).sort())

    const policies = (await rows("select tablename, policyname, cmd, array_to_string(roles, ' ') as roles from pg_policies where schemaname = 'public'"))
      .map(({ tablename, policyname, cmd, roles }) => `${tablename} ${policyname} ${cmd} ${String(roles).split(' ').sort().join(' ')}`)
    t.same(policies.sort(), declared.flatMap(({ name: table, policies }) => policies.map(({ name, for: command, to }) =>
      `${table} ${name} ${command?.toUpperCase()} ${[to].flat().map((role) => (typeof role === 'string' ? role : (role as { name: string }).name)).sort().join(' ')}`)).sort())
  })
})

t.test('three processes that migrate one empty database at once, and again, come to the same', async (t) => {
  const { ownerUrl } = readCluster()
  const name = `ticun_migrated_${process.pid}`
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query(`create database ${name}`)
  const url = inDatabase(ownerUrl, name)
  const other = new pg.Client({ connectionString: url })
  t.teardown(async () => {
    await other.end()
    await client.query(`drop database ${name} with (force)`)
    await client.end()
  })
  const urls = await Promise.all([1, 2, 3].map(() => migrate(url, sandboxConfig.secret)))
  t.equal(new Set(urls).size, 1)
  await other.connect()
  const applied = async () => (await other.query('select count(*)::int as n from drizzle.__drizzle_migrations')).rows[0].n
  const before = await applied()
  t.ok(before > 0)
  await migrate(url, sandboxConfig.secret)
  t.equal(await applied(), before)
  const service = new pg.Client({ connectionString: urls[0] as string })
  await service.connect()
  t.equal((await service.query('select current_user as who')).rows[0].who, 'ticun_service')
  await service.end()
})
