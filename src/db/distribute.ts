import pg from 'pg'
import { officeMax } from '../kernel/id.js'
import { placesTable } from './cluster.js'
import { coordinatorTables, distributionColumn, referenceTables, shardCount } from './layout.js'
import { databaseRoles } from './policies.js'

/*
 * Turns a migrated database into the distributed layout, on the coordinator of a Citus cluster, as
 * its owner. Safe to run again, and to be run again: after a migration, for its new tables, and
 * after a shard was moved, for the policies that Citus does not move with it.
 *
 * What Citus asks for, and gets here:
 * - Foreign keys are taken off before a table is distributed and put back after.
 * - On the coordinator it is the service itself that asks, and on the workers the role it acts in
 *   (db/cluster.ts): grants of its own on the coordinator, and none on the workers.
 * - Policies may hold no subquery. One that only reads the context is the same without it. One that
 *   looks into another table stands on each shard, about the shard beside it; on the distributed
 *   table, from which new shards are made, stands `false` in its name: a shard that was moved shows
 *   nothing of it until this has run again.
 * - Views ask with their owner's rights on the coordinator, but with the caller's on the workers:
 *   who may read a view may there read the columns it reads, in the context's office.
 * - The numbers of offices, in a table of their own beside the office data (db/cluster.ts).
 */

type Client = Pick<pg.Client, 'query'>
type Say = (line: string) => void

const own = 'ticun_distribution'
const service = 'ticun_service'
const quoted = pg.escapeIdentifier
const contextSubquery = /\(\s*SELECT ((?:(?!\bSELECT\b|\bFROM\b).)*\bcurrent_setting\('ticun\.\w+'::text, true\)(?:(?!\bSELECT\b|\bFROM\b).)*?) AS "?\w+"?\)/g
const ofOffice = `${distributionColumn} = (nullif(current_setting('ticun.office', true), ''))::integer`

const rowsOf = async <Row extends pg.QueryResultRow>(client: Client, text: string, values: unknown[] = []): Promise<Row[]> =>
  (await client.query<Row>(text, values)).rows

const namesOf = async (client: Client, text: string, values: unknown[] = []): Promise<string[]> =>
  (await rowsOf<{ name: string }>(client, text, values)).map(({ name }) => name)

export type Policy = Readonly<{ table: string; name: string; command: string; roles: string[]; using: string | null; check: string | null }>

/** A policy's expression without the subqueries around the context. */
const plain = (expression: string | null): string | null => expression?.replaceAll(contextSubquery, '($1)') ?? null

const looksElsewhere = ({ using, check }: Policy): boolean => [using, check].some((expression) => /\bSELECT\b/.test(plain(expression) ?? ''))

const clauses = (using: string | null, check: string | null): string =>
  `${using === null ? '' : ` USING (${using})`}${check === null ? '' : ` WITH CHECK (${check})`}`

const creation = (policy: Policy, using: string | null, check: string | null): string =>
  `CREATE POLICY ${quoted(policy.name)} ON ${quoted(policy.table)} FOR ${policy.command} TO ${policy.roles.map(quoted).join(', ')}${clauses(using, check)}`

/** The other table a policy looks into. @throws Error where there are several: a shard-wise command knows two */
const otherOf = (policy: Policy): string => {
  const others = new Set([...`${policy.using} ${policy.check}`.matchAll(/\b(?:FROM|JOIN) (\w+)/g)].map(([, name]) => name as string))
  const [other] = others
  if (others.size !== 1 || other === undefined) throw new Error(`the policy ${policy.name} of ${policy.table} looks into ${[...others].join(', ') || 'nothing'}: one other table is what can be distributed`)
  return other
}

/** An expression about two shards, as positions of format(): %1$s is the table's own, %2$s the other's. */
const aboutShards = (expression: string | null, table: string, other: string): string | null => expression === null
  ? null
  : (plain(expression) as string).replaceAll('%', '%%')
      .replaceAll(new RegExp(`\\b${table}\\.`, 'g'), '%1$s.')
      .replaceAll(new RegExp(`\\b(FROM|JOIN) ${other}\\b`, 'g'), '$1 %2$s')

/** What puts a policy that looks into another table on a shard; undefined for one that does not look further than its row. */
export const shardPolicyOf = (policy: Policy): Readonly<{ other: string; command: string }> | undefined => {
  if (!looksElsewhere(policy)) return undefined
  const other = otherOf(policy)
  const about = (expression: string | null) => aboutShards(expression, policy.table, other)
  return { other, command: `ALTER POLICY ${quoted(policy.name)} ON %1$s${clauses(about(policy.using), about(policy.check))}` }
}

export const listPolicies = (client: Client, tables: readonly string[]): Promise<Policy[]> => rowsOf<Policy>(client, `
  select tablename as table, policyname as name, cmd as command, roles::text[] as roles, qual as using, with_check as check
  from pg_policies where schemaname = 'public' and tablename = any($1) order by 1, 2`, [tables])

type ForeignKey = Readonly<{ table: string; name: string; definition: string }>

const listForeignKeys = (client: Client, tables: readonly string[]): Promise<ForeignKey[]> => rowsOf<ForeignKey>(client, `
  select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
  where contype = 'f' and connamespace = 'public'::regnamespace and conrelid::regclass::text = any($1) order by 1, 2`, [tables])

/** Tables with the distribution column, in the order of their names. */
export const listOfficeTables = (client: Client): Promise<string[]> => namesOf(client, `
  select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = $1
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`, [distributionColumn])

/** What stands on the shards alone is kept, to be put there again. `{1}` and `{2}` are said of the table's shard and the one beside it. */
const keep = async (client: Client, table: string, other: string, name: string, command: string): Promise<void> => {
  await client.query(`insert into ${own}.shard_commands (table_name, other, name, command) values ($1, $2, $3, $4)
    on conflict (table_name, name) do update set other = excluded.other, command = excluded.command`, [table, other, name, command])
}

const distributeTables = async (client: Client, tables: readonly string[], shards: number): Promise<void> => {
  const policies = await listPolicies(client, tables)
  const keys = await listForeignKeys(client, tables)
  for (const { table, name } of keys) await client.query(`alter table ${quoted(table)} drop constraint ${quoted(name)}`)
  for (const { table, name } of policies) await client.query(`drop policy ${quoted(name)} on ${quoted(table)}`)

  const [standing] = await namesOf(client, `select logicalrelid::regclass::text as name from pg_dist_partition where partmethod = 'h' and partkey is not null limit 1`)
  let first = standing
  for (const table of tables) {
    await client.query(first === undefined
      ? `select create_distributed_table('${table}', '${distributionColumn}', colocate_with => 'none', shard_count => ${shards})`
      : `select create_distributed_table('${table}', '${distributionColumn}', colocate_with => '${first}')`)
    first ??= table
  }

  for (const { table, name, definition } of keys) await client.query(`alter table ${quoted(table)} add constraint ${quoted(name)} ${definition}`)
  for (const policy of policies) {
    const shard = shardPolicyOf(policy)
    if (shard === undefined) {
      await client.query(creation(policy, plain(policy.using), plain(policy.check)))
      continue
    }
    await client.query(creation(policy, policy.using === null ? null : 'false', policy.check === null ? null : 'false'))
    await keep(client, policy.table, shard.other, policy.name, shard.command)
  }
}

/** Every number an office can have, so that an office needs nothing when it is made. */
const makePlaces = async (client: Client, beside: string): Promise<void> => {
  await client.query(`create table ${placesTable} (${distributionColumn} integer primary key)`)
  await client.query(`select create_distributed_table('${placesTable}', '${distributionColumn}', colocate_with => '${beside}')`)
  await client.query(`insert into ${placesTable} select generate_series(0, ${officeMax})`)
  const readers = databaseRoles.map((role) => `ticun_${role}`).join(', ')
  await client.query(`grant usage on schema ${own} to ${readers}, ${service}`)
  await client.query(`grant select on ${placesTable} to ${readers}, ${service}`)
}

/** A view's CTE that is read twice Citus would gather on the coordinator first, and then not join: it is to be read at each place, on the shard. */
const inlineViews = async (client: Client): Promise<void> => {
  const views = await rowsOf<{ name: string; options: string[] | null; definition: string }>(client, `
    select relname as name, reloptions as options, pg_get_viewdef(oid) as definition from pg_class
    where relkind = 'v' and relnamespace = 'public'::regnamespace and pg_get_viewdef(oid) ~ ' AS \\(\\s*SELECT' order by 1`)
  for (const { name, options, definition } of views) {
    await client.query(`create or replace view ${quoted(name)}${options === null ? '' : ` with (${options.join(', ')})`} as ${definition.replaceAll(/ AS \((?=\s*SELECT)/g, ' AS NOT MATERIALIZED (')}`)
  }
}

/** For each role that may read a view and not what lies under it: on the shards it may, in the context's office, the columns that the view reads. */
const openViews = async (client: Client): Promise<void> => {
  const openings = await rowsOf<{ table: string; role: string; columns: string[] }>(client, `
    select t.relname as table, r.rolname as role, array_agg(distinct b.attname::text) as columns
    from pg_class v
      join pg_rewrite w on w.ev_class = v.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid
      join pg_class t on t.oid = d.refobjid and t.relkind in ('r', 'p')
      join pg_attribute a on a.attrelid = t.oid and a.attname = $2
      join pg_attribute b on b.attrelid = t.oid and b.attnum in (a.attnum, d.refobjsubid)
      join pg_roles r on r.rolname = any($1)
    where v.relkind = 'v' and v.relnamespace = 'public'::regnamespace
      and has_table_privilege(r.oid, v.oid, 'select') and not has_table_privilege(r.oid, t.oid, 'select') group by 1, 2 order by 1, 2`,
  [databaseRoles.map((role) => `ticun_${role}`), distributionColumn])
  for (const { table, role, columns } of openings) {
    const name = `${table}_by_views_${role}`.slice(0, 63)
    await keep(client, table, table, name,
      `GRANT SELECT (${columns.map(quoted).join(', ')}) ON %1$s TO ${quoted(role)}; DROP POLICY IF EXISTS ${quoted(name)} ON %1$s; CREATE POLICY ${quoted(name)} ON %1$s FOR SELECT TO ${quoted(role)} USING (${ofOffice})`)
  }
}

/** On the coordinator, and there alone, the service asks in its own name (db/cluster.ts). */
const letServiceAsk = async (client: Client): Promise<void> => {
  await client.query(`select run_command_on_workers('do $do$ begin create role ${service} login noinherit; exception when duplicate_object or unique_violation then null; end $do$')`)
  await client.query(`select run_command_on_workers('grant ${databaseRoles.map((role) => `ticun_${role}`).join(', ')} to ${service}')`)
  await client.query('set local citus.enable_ddl_propagation = off')
  await client.query(`revoke all on all tables in schema public from ${service}`)
  // What no role may do it may not either: change the journal, for one.
  const grants = await namesOf(client, `
    select format('grant %s on %I to ${service}', string_agg(distinct p.privilege, ', '), t.relname) as name
    from pg_class t cross join unnest($1::text[]) r(role) cross join unnest(array['select', 'insert', 'update', 'delete']) p(privilege)
    where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p', 'v') and has_table_privilege(r.role, t.oid, p.privilege)
    group by t.relname`, [databaseRoles.map((role) => `ticun_${role}`)])
  for (const grant of grants) await client.query(grant)
  await client.query(`grant usage on all sequences in schema public to ${service}`)
  // Policies are for the workers to apply. Here they would hide every row from it before a worker is asked.
  await client.query(`alter role ${service} bypassrls`)
}

type Ran = Readonly<{ success: boolean; result: string }>

/** Puts on every shard what stands there alone. @returns how many commands there are */
const dressShards = async (client: Client): Promise<number> => {
  const commands = await rowsOf<{ table_name: string; other: string; name: string; command: string }>(client, `select table_name, other, name, command from ${own}.shard_commands order by 1, 2`)
  for (const { table_name: table, other, name, command } of commands) {
    // Of a table with itself Citus finds no pairs.
    const ran = other === table
      ? await rowsOf<Ran>(client, 'select success, result from run_command_on_shards($1, $2)', [table, command])
      : await rowsOf<Ran>(client, 'select success, result from run_command_on_colocated_placements($1, $2, $3)', [table, other, command])
    if (ran.length === 0) throw new Error(`${name} was put on no shard of ${table}`)
    const failed = ran.find(({ success }) => !success)
    if (failed) throw new Error(`${name} cannot be put on the shards of ${table}: ${failed.result}`)
  }
  return commands.length
}

/** A worker that was added later was given the roles and grants of the coordinator by Citus. */
const closeWorkers = async (client: Client): Promise<void> => {
  await client.query(`select run_command_on_workers($close$do $do$ begin
    perform set_config('citus.enable_ddl_propagation', 'off', true);
    alter role ${service} nobypassrls;
    revoke all on all tables in schema public from ${service};
  end $do$$close$)`)
}

/** @throws Error where a worker would let somebody past its policies */
const checkWorkers = async (client: Client): Promise<void> => {
  const roles = databaseRoles.map((role) => `ticun_${role}`)
  const looks = await rowsOf<Ran & { node: string }>(client, `select nodeport::text as node, success, result from run_command_on_workers($check$
    select coalesce(string_agg(what, '; '), '') from (
      select rolname || ' passes policies by' as what from pg_roles where rolname in ('${service}', '${roles.join("', '")}') and (rolbypassrls or rolsuper)
      union all
      select c.relname || ' is open to ${service}' from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relname !~ '^citus_'
        and has_table_privilege('${service}', c.oid, 'select, insert, update, delete')
      union all
      select c.relname || ' has no row-level security' from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
    ) found$check$)`)
  const [open] = looks.filter(({ success, result }) => !success || result !== '')
  if (open) throw new Error(`the worker at ${open.node}: ${open.result}`)
}

/**
 * @throws Error where the database is no coordinator of a Citus cluster, or has a table without a place
 */
export const distribute = async (client: Client, say: Say, shards: number = shardCount): Promise<void> => {
  const [citus] = await namesOf(client, "select extversion as name from pg_extension where extname = 'citus'")
  if (citus === undefined) throw new Error('this database has no Citus: create extension citus, and add its nodes, first')
  const nodes = await namesOf(client, "select format('%s:%s', nodename, nodeport) as name from pg_dist_node where noderole = 'primary' and shouldhaveshards order by 1")
  if (nodes.length === 0) throw new Error('no node of this cluster holds shards: add workers by citus_add_node')
  say(`Citus ${citus}, shards on ${nodes.join(', ')}`)

  await client.query('begin')
  try {
    // One statement at a time: what is set for a transaction, Citus repeats on the workers in the words it came with.
    await client.query("set local citus.multi_shard_modify_mode = 'sequential'")
    await client.query(`create schema if not exists ${own}`)
    await client.query(`create table if not exists ${own}.shard_commands (table_name text not null, other text not null, name text not null, command text not null, primary key (table_name, name))`)

    const placed = new Set(await namesOf(client, "select logicalrelid::regclass::text as name from pg_dist_partition where partmethod in ('h', 'n') and (partmethod = 'h' or repmodel = 't')"))
    // A foreign key makes a coordinator's table one that Citus manages: its policies, too, may hold no subquery.
    const undistributed = [...coordinatorTables, ...referenceTables].filter((name) => !placed.has(name))
    const policies = await listPolicies(client, undistributed)
    for (const { table, name } of policies) await client.query(`drop policy ${quoted(name)} on ${quoted(table)}`)
    for (const table of referenceTables.filter((name) => !placed.has(name))) await client.query(`select create_reference_table('${table}')`)
    const managed = new Set(await namesOf(client, "select logicalrelid::regclass::text as name from pg_dist_partition"))
    for (const table of coordinatorTables.filter((name) => !managed.has(name))) await client.query(`select citus_add_local_table_to_metadata('${table}')`)
    for (const policy of policies) await client.query(creation(policy, plain(policy.using), plain(policy.check)))
    const tables = (await listOfficeTables(client)).filter((name) => !placed.has(name))
    await distributeTables(client, tables, shards)
    if (!placed.has(placesTable)) await makePlaces(client, 'contracts')
    await inlineViews(client)
    await openViews(client)
    await letServiceAsk(client)
    await client.query('commit')
    say(`${referenceTables.length} tables on every node, ${coordinatorTables.length} on the coordinator, ${tables.length} newly distributed by ${distributionColumn}`)
  } catch (error) {
    await client.query('rollback')
    throw error
  }
  say(`${await dressShards(client)} policies put on the shards`)
  await closeWorkers(client)
  await checkWorkers(client)
}

/** The same for the database of a URL. */
export const distributeDatabase = async (connectionString: string, say: Say): Promise<void> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await distribute(client, say)
  } finally {
    await client.end()
  }
}
