import { sql, type SQL } from 'drizzle-orm'
import { bigint, customType, integer, timestamp, type AnyPgColumn } from 'drizzle-orm/pg-core'
import { idOf, uuidOf, type Id } from '../kernel/id.js'

/** The notary office a row belongs to: the shard, and the first column of every key. */
export const officeId = () => integer('office_id').notNull()

/** A TypeID in the code, a UUID in the database. */
export const id = <const Prefix extends string>(name: string, prefix: Prefix) =>
  customType<{ data: Id<Prefix>; driverData: string }>({
    dataType: () => 'uuid',
    toDriver: uuidOf,
    fromDriver: (uuid) => idOf(prefix, uuid)
  })(name)

/** Money in fen. */
export const fen = (name: string) => bigint(name, { mode: 'bigint' })

export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })

/** TypeIDs of one kind in the code, a UUID array in the database. */
export const ids = <const Prefix extends string>(name: string, prefix: Prefix) =>
  customType<{ data: readonly Id<Prefix>[]; driverData: string[] | string }>({
    dataType: () => 'uuid[]',
    toDriver: (list) => list.map(uuidOf),
    fromDriver: (uuids) => (typeof uuids === 'string' ? uuids.slice(1, -1).split(',').filter(Boolean) : uuids).map((uuid) => idOf(prefix, uuid))
  })(name)

/** One of many ids, as one parameter for them all: a batch builds its statement in a fraction of the time that `inArray` takes. */
export const isOneOf = (column: AnyPgColumn, wanted: readonly string[]): SQL => sql`${column} = any(${sql.param(wanted.map(uuidOf))}::uuid[])`

/** The same for a statement that is prepared (db/prepared.ts): `name` is of the placeholder for the UUIDs. */
export const isAmong = (column: AnyPgColumn, name: string): SQL => sql`${column} = any(${sql.placeholder(name)}::uuid[])`
