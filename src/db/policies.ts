import { sql, type SQL } from 'drizzle-orm'
import { pgPolicy, pgRole } from 'drizzle-orm/pg-core'

/*
 * What an end may not see does not leave the database for it. Each table states, beside its
 * columns, which role may do what to which rows; migrations grant exactly the commands that a
 * policy names, so a table without a policy for a role does not exist for that role.
 *
 * The unit of work sets the role and the context (office, person, merchant) of every transaction.
 */

/** One database role per end, and some for the service's own work. None of them owns anything. */
export const databaseRoles = [
  'consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator',
  /** not signed in, or signed in where the end does not matter */ 'anyone',
  /** sign-in: people, challenges, sessions */ 'identity',
  /** jobs, channel notifications, deliveries, the sandbox */ 'worker',
  /** the batched redemption path, which serves many callers in one transaction */ 'redeemer',
  /** reads the access log for the audit administrator, and nothing else */ 'auditor'
] as const

export type DatabaseRole = (typeof databaseRoles)[number]

const pgRoles = Object.fromEntries(
  databaseRoles.map((name) => [name, pgRole(`ticun_${name}`).existing()])
) as Record<DatabaseRole, ReturnType<typeof pgRole>>

/** The context of the running transaction, as SQL; each is null when not set. */
export const context = {
  office: sql`(select nullif(current_setting('ticun.office', true), '')::int)`,
  person: sql`(select nullif(current_setting('ticun.person', true), '')::uuid)`,
  merchant: sql`(select nullif(current_setting('ticun.merchant', true), '')::uuid)`,
  /** the hash of the idempotency key that the transaction was asked to work under */
  key: sql`(select decode(nullif(current_setting('ticun.key', true), ''), 'hex'))`
}

/** Rows of the office the transaction works in. */
export const ofOffice = sql`office_id = ${context.office}`
/** Rows of the merchant whose owner or cashier calls. */
export const ofMerchant = sql`office_id = ${context.office} and merchant_id = ${context.merchant}`
/** Rows of the consumer who calls. */
export const ofConsumer = sql`consumer_id = ${context.person}`
/** Rows that hang on a contract which the caller may see (policies of `contracts` apply inside). */
export const ofVisibleContract = (table: string) =>
  sql.raw(`exists (select 1 from contracts c where c.office_id = ${table}.office_id and c.id = ${table}.contract_id)`)
export const everyRow = sql`true`

type Commands = 'select' | 'insert' | 'update' | 'delete'

/** Rows of before a contract was handed over, for the consumer who held it until then. `at`: the column of their time, where they have one. */
export const ofFormerHolder = (table: string, at?: string) => sql.raw(`exists (select 1 from handovers h
  where h.office_id = ${table}.office_id and h.contract_id = ${table}.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid)${at === undefined ? '' : ` and ${table}.${at} <= h.decided_at`})`)

/** Lets roles do something to the rows for which the predicate holds, before and after. `name`: where a role has more than one reason. */
export const allow = (table: string, command: Commands, roles: readonly DatabaseRole[], rows: SQL = ofOffice, name = roles.join('_')) =>
  pgPolicy(`${table}_${command}_${name}`.slice(0, 63), {
    for: command,
    to: roles.map((role) => pgRoles[role]),
    ...(command === 'insert' ? {} : { using: rows }),
    ...(command === 'insert' || command === 'update' ? { withCheck: rows } : {})
  })

/** The usual commands of several roles at once. */
export const allowAll = (table: string, commands: readonly Commands[], roles: readonly DatabaseRole[], rows: SQL = ofOffice) =>
  commands.map((command) => allow(table, command, roles, rows))
