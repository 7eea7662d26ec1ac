import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t from 'tap'
import { listOfficeTables, listPolicies, shardPolicyOf } from '../../src/db/distribute.js'
import { coordinatorTables, distributionColumn, referenceTables } from '../../src/db/layout.js'
import { notInCluster } from '../support/cluster.js'
import { createDatabase } from '../support/database.js'

/*
 * The shape that lets a Citus cluster take the offices apart, read from the catalogue of a migrated
 * database: what Citus refuses is found here, on a plain PostgreSQL, on the day it is written.
 */

t.test('the database can be distributed by office', async (t) => {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await database.drop()
  })
  const lines = async (text: string, values: unknown[] = []): Promise<string[]> => (await client.query<{ line: string }>(text, values)).rows.map(({ line }) => line)
  const office = await listOfficeTables(client)
  const [reference, coordinator] = [[...referenceTables] as string[], [...coordinatorTables] as string[]]

  t.test('every table has its place', async (t) => {
    const all = await lines("select c.relname as line from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition")
    t.ok(office.length > 50)
    t.same(all.filter((name) => !office.includes(name)).sort(), [...reference, ...coordinator].sort(), 'a table without office_id is named in src/db/layout.ts, and no other is')
    t.same(await lines(`select attrelid::regclass::text as line from pg_attribute
      where attrelid::regclass::text = any($1) and attname = $2 and not (attnotnull and atttypid = 'int4'::regtype)`, [office, distributionColumn]), [], 'office_id is an integer and never null')
  })

  t.test('office_id leads every key', notInCluster('foreign keys of Citus itself, and of its shards, stand in the catalogue'), async (t) => {
    t.same(await lines(`
      select i.indexrelid::regclass::text as line from pg_index i
        left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indisunique and i.indrelid::regclass::text = any($1) and a.attname is distinct from $2`, [office, distributionColumn]), [], 'primary and unique keys')
    t.same(await lines(`
      select k.conname as line from pg_constraint k
        left join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        left join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
      where k.contype = 'f' and k.conrelid::regclass::text = any($1) and not k.confrelid::regclass::text = any($3)
        and (a.attname is distinct from $2 or b.attname is distinct from $2 or not k.confrelid::regclass::text = any($1))`,
    [office, distributionColumn, reference]), [], 'foreign keys stay within an office, or lead to a table that every node has')
    t.same(await lines(`
      select k.conname as line from pg_constraint k
      where k.contype = 'f' and not k.conrelid::regclass::text = any($1) and not k.confrelid::regclass::text = any($2)`, [office, reference]), [], 'and nothing outside an office refers into one')
  })

  t.test('nothing is used that Citus refuses', async (t) => {
    const none = async (what: string, text: string): Promise<void> => { t.same(await lines(text, [office]), [], what) }
    await none('triggers', 'select tgname as line from pg_trigger where not tgisinternal and tgrelid::regclass::text = any($1)')
    await none('rules', "select rulename as line from pg_rewrite where ev_class::regclass::text = any($1)")
    await none('exclusion constraints', "select conname as line from pg_constraint where contype = 'x' and conrelid::regclass::text = any($1)")
    await none('constraints that wait for the commit', 'select conname as line from pg_constraint where condeferrable and conrelid::regclass::text = any($1)')
    await none('foreign keys that set what they find', "select conname as line from pg_constraint where contype = 'f' and (confdeltype in ('n', 'd') or confupdtype in ('n', 'd', 'c')) and conrelid::regclass::text = any($1)")
    await none('numbers given by a sequence', `select a.attrelid::regclass || '.' || a.attname as line from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid::regclass::text = any($1) and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')`)
    await none('inheritance', 'select inhrelid::regclass::text as line from pg_inherits i join pg_class c on c.oid = i.inhparent where not c.relispartition and c.relkind = \'r\' and inhparent::regclass::text = any($1)')
    await none('tables that a crash empties', "select relname as line from pg_class where relpersistence <> 'p' and oid::regclass::text = any($1)")
    await none('materialized views', "select relname as line from pg_class where relkind = 'm' and relnamespace = 'public'::regnamespace and $1::text[] is not null")
  })

  t.test('every policy can be said of one shard, or of two that lie side by side', async (t) => {
    const policies = await listPolicies(client, [...office, ...reference, ...coordinator])
    t.ok(policies.length > 300)
    for (const policy of policies) {
      const shard = shardPolicyOf(policy)
      if (shard === undefined) continue
      t.ok(office.includes(policy.table) && office.includes(shard.other), `${policy.name} looks from an office's table into an office's table`)
      const said = shard.command.replaceAll(/'[^']*'/g, '')
      t.notMatch(said, new RegExp(`\\b(${policy.table}|${shard.other})\\b(?!_)\\.`), `${policy.name} names its shards only`)
    }
  })

  t.test('statements in words of ours are such as a cluster takes', async (t) => {
    const source = fileURLToPath(new URL('../../src/', import.meta.url))
    const wrong: string[] = []
    let selected = 0
    for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && name !== 'db/distribute.ts')) {
      const text = readFileSync(source + file, 'utf8')
      if (!/\binsert into\b/i.test(text)) continue
      const refuse = (isWrong: boolean, what: string): void => { if (isWrong) wrong.push(`${file}: ${what}`) }
      const inserts = [...text.matchAll(/\binsert into (\w+)(?: as \w+)? \(([^)]+)\)\s+(values|select)\b([^]*?)(?=\n\)|`|\breturning\b|\bon conflict\b)/gi)]
      refuse(inserts.length < [...text.matchAll(/\binsert into\b/gi)].length, 'an insert that this test cannot read: insert into a_table (columns) values … or select …')
      for (const [, table = '', columns = '', kind = '', rest = ''] of inserts) {
        if (!office.includes(table) || kind === 'values') continue
        selected += 1
        refuse(!columns.startsWith('office_id'), `${table} is not given its office first`)
        const selects = rest.split(/\bunion all\s+select\b/i)
        refuse(!selects.every((select) => /^\s+\$\{office\}, [^]*?\bfrom \$\{place\}|^\s+\w+\.office_id,/.test(select)), `${table} does not take its office from a table, as officeStatement() in src/db/cluster.ts has it`)
      }
      refuse(/\binsert into [^`]*\n\)\s*insert into\b/i.test(text), 'an insert under another: let a select end the statement')
      refuse(/\breturning\b[^`\n]*\bpg_notify\b/i.test(text), 'a notification while rows are returned')
    }
    t.same(wrong, [])
    t.ok(selected >= 14, 'of many')
  })
})
