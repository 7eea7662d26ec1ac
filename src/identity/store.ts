import { and, asc, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import type { End } from '../kernel/caller.js'
import { uuidOf } from '../kernel/id.js'
import type { ChallengeId, PersonId, Place, SessionId, SignInId } from './model.js'
import { challenges, memberships, people, retainedParticulars, secondFactors, sessions, signIns } from './table.js'

export type PersonRow = typeof people.$inferSelect
export type MembershipRow = typeof memberships.$inferSelect
export type ChallengeRow = typeof challenges.$inferSelect
export type SessionRow = typeof sessions.$inferSelect
export type FactorRow = typeof secondFactors.$inferSelect
export type SignInRow = typeof signIns.$inferSelect

const personById = prepared('find_person', (db) => db.select().from(people).where(eq(people.id, sql.placeholder('id'))))

export const findPerson = async (tx: Tx, id: PersonId): Promise<PersonRow | undefined> => (await personById(tx, { id: uuidOf(id) }))[0]

/** By the index of the phone under any key of the ring. */
export const lockPersonByPhone = async ({ db }: Tx, phoneIndexes: readonly Buffer[]): Promise<PersonRow | undefined> =>
  (await db.select().from(people).where(inArray(people.phoneIndex, [...phoneIndexes])).for('update'))[0]

export const lockPerson = async ({ db }: Tx, id: PersonId): Promise<PersonRow | undefined> =>
  (await db.select().from(people).where(eq(people.id, id)).for('update'))[0]

/** Inserts a person, unless another transaction made one of the same phone. */
export const insertPerson = async ({ db }: Tx, row: typeof people.$inferInsert): Promise<void> => {
  await db.insert(people).values(row).onConflictDoNothing({ target: people.phoneIndex })
}

export const updatePerson = async ({ db }: Tx, id: PersonId, changes: Partial<typeof people.$inferInsert>): Promise<void> => {
  await db.update(people).set(changes).where(eq(people.id, id))
}

const at = (personId: PersonId, { end, office, merchantId }: Place) => and(
  eq(memberships.personId, personId), eq(memberships.end, end),
  office === undefined ? isNull(memberships.office) : eq(memberships.office, office),
  merchantId === undefined ? isNull(memberships.merchantId) : eq(memberships.merchantId, merchantId)
)

/** A person's memberships at an end that have not ended, the oldest first. */
export const listMemberships = ({ db }: Tx, personId: PersonId, end: End): Promise<MembershipRow[]> =>
  db.select().from(memberships)
    .where(and(eq(memberships.personId, personId), eq(memberships.end, end), isNull(memberships.endedAt)))
    .orderBy(asc(memberships.id))

/** Members of an office at an end, as they stand. */
export const listMembersAt = ({ db }: Tx, office: number, end: End): Promise<MembershipRow[]> =>
  db.select().from(memberships)
    .where(and(eq(memberships.office, office), eq(memberships.end, end), isNull(memberships.endedAt))).orderBy(asc(memberships.id))

/** Every place a person has now, at any end. */
export const listDuties = ({ db }: Tx, personId: PersonId): Promise<MembershipRow[]> =>
  db.select().from(memberships).where(and(eq(memberships.personId, personId), isNull(memberships.endedAt))).orderBy(asc(memberships.id))

/** Whether anybody ever belonged to an end. */
export const countMembersEver = ({ db }: Tx, end: End): Promise<number> => db.$count(memberships, eq(memberships.end, end))

/** Those who belong to one of several ends now, with what the account itself says, in order of their ids. */
export const listStaff = ({ db }: Tx, ends: readonly End[], after: MembershipRow['id'] | undefined, limit: number): Promise<{ membership: MembershipRow; person: PersonRow }[]> =>
  db.select({ membership: memberships, person: people }).from(memberships).innerJoin(people, eq(people.id, memberships.personId))
    .where(and(inArray(memberships.end, [...ends]), isNull(memberships.endedAt), after && gt(memberships.id, after)))
    .orderBy(asc(memberships.id)).limit(limit)

export const findStaff = async ({ db }: Tx, id: MembershipRow['id']): Promise<{ membership: MembershipRow; person: PersonRow } | undefined> =>
  (await db.select({ membership: memberships, person: people }).from(memberships).innerJoin(people, eq(people.id, memberships.personId))
    .where(and(eq(memberships.id, id), isNull(memberships.endedAt))))[0]

/** Every place a person has or had at an end. */
export const listPlaces = ({ db }: Tx, personId: PersonId, end: End): Promise<MembershipRow[]> =>
  db.select().from(memberships).where(and(eq(memberships.personId, personId), eq(memberships.end, end))).orderBy(asc(memberships.id))

export const findMembership = async ({ db }: Tx, personId: PersonId, place: Place): Promise<MembershipRow | undefined> =>
  (await db.select().from(memberships).where(and(at(personId, place), isNull(memberships.endedAt))))[0]

/** Adds a membership. One that exists gets the roles in addition; one that had ended begins again with these alone. */
export const upsertMembership = async ({ db }: Tx, row: typeof memberships.$inferInsert): Promise<void> => {
  const [kept] = await db.insert(memberships).values(row).onConflictDoUpdate({
    target: [memberships.personId, memberships.end, memberships.office, memberships.merchantId],
    set: {
      roles: sql`case when ${memberships.endedAt} is not null then excluded.roles else ${memberships.roles} || excluded.roles end`,
      nameSealed: sql`coalesce(excluded.name_sealed, ${memberships.nameSealed})`,
      placeName: sql`excluded.place_name`,
      endedAt: null
    }
  }).returning({ id: memberships.id, roles: memberships.roles })
  // Each role once and in order, by a second statement: Citus takes no subquery in an insert.
  const roles = [...new Set(kept?.roles)].sort()
  if (kept && kept.id !== row.id && kept.roles.length !== row.roles?.length) await db.update(memberships).set({ roles }).where(eq(memberships.id, kept.id))
}

export const endMembership = async ({ db }: Tx, personId: PersonId, place: Place, endedAt: Date): Promise<boolean> =>
  (await db.update(memberships).set({ endedAt }).where(and(at(personId, place), isNull(memberships.endedAt))).returning({ id: memberships.id })).length > 0

export const insertChallenge = async ({ db }: Tx, row: typeof challenges.$inferInsert): Promise<void> => {
  await db.insert(challenges).values(row)
}

export const lockChallenge = async ({ db }: Tx, id: ChallengeId): Promise<ChallengeRow | undefined> =>
  (await db.select().from(challenges).where(eq(challenges.id, id)).for('update'))[0]

export const countWrongCode = async ({ db }: Tx, id: ChallengeId): Promise<void> => {
  await db.update(challenges).set({ wrongCodes: sql`${challenges.wrongCodes} + 1` }).where(eq(challenges.id, id))
}

export const markChallengeUsed = async ({ db }: Tx, id: ChallengeId, usedAt: Date): Promise<void> => {
  await db.update(challenges).set({ usedAt, phoneSealed: '' }).where(eq(challenges.id, id))
}

/** When a phone was sent codes since an instant, newest first; others who ask for the same phone wait until this transaction ends. */
export const lockSent = async ({ db, client }: Tx, phoneIndexes: readonly Buffer[], since: Date, limit: number): Promise<Date[]> => {
  // Processes whose rings begin differently lock the same, in the same order.
  for (const phoneIndex of [...phoneIndexes].sort(Buffer.compare)) await client.query('select pg_advisory_xact_lock($1)', [phoneIndex.readBigInt64BE()])
  const rows = await db.select({ createdAt: challenges.createdAt }).from(challenges)
    .where(and(inArray(challenges.phoneIndex, [...phoneIndexes]), gt(challenges.createdAt, since)))
    .orderBy(desc(challenges.createdAt)).limit(limit)
  return rows.map(({ createdAt }) => createdAt)
}

/** Forgets what nobody needs any more: sign-in codes long past; those of signatures stay with the contract. */
export const deleteLoginChallenges = async ({ db }: Tx, before: Date): Promise<void> => {
  await db.delete(challenges).where(and(eq(challenges.purpose, 'login'), lt(challenges.expiresAt, before)))
}

export const insertSession = async ({ db }: Tx, row: typeof sessions.$inferInsert): Promise<void> => {
  await db.insert(sessions).values(row)
}

export const lockSession = async ({ db }: Tx, id: SessionId): Promise<SessionRow | undefined> =>
  (await db.select().from(sessions).where(eq(sessions.id, id)).for('update'))[0]

export const updateSession = async ({ db }: Tx, id: SessionId, changes: Partial<typeof sessions.$inferInsert>): Promise<void> => {
  await db.update(sessions).set(changes).where(eq(sessions.id, id))
}

/** Ends sessions that live; returns those it ended. */
export const revokeSessions = async ({ db }: Tx, ids: readonly SessionId[], because: string, revokedAt: Date): Promise<SessionId[]> => {
  if (ids.length === 0) return []
  const ended = await db.update(sessions).set({ revokedAt, revokedBecause: because })
    .where(and(inArray(sessions.id, [...ids]), isNull(sessions.revokedAt))).returning({ id: sessions.id })
  return ended.map(({ id }) => id)
}

/** The living sessions of a person, at one place or anywhere. */
export const listSessions = async ({ db }: Tx, personId: PersonId, place?: Place): Promise<SessionId[]> => {
  const here = place && [
    eq(sessions.end, place.end),
    place.office === undefined ? isNull(sessions.office) : eq(sessions.office, place.office),
    place.merchantId === undefined ? isNull(sessions.merchantId) : eq(sessions.merchantId, place.merchantId)
  ]
  const rows = await db.select({ id: sessions.id }).from(sessions)
    .where(and(eq(sessions.personId, personId), isNull(sessions.revokedAt), ...(here ?? [])))
  return rows.map(({ id }) => id)
}

export const listRevokedSince = ({ db }: Tx, since: Date): Promise<{ id: SessionId; revokedAt: Date | null }[]> =>
  db.select({ id: sessions.id, revokedAt: sessions.revokedAt }).from(sessions).where(gt(sessions.revokedAt, since))

/** Tells every process, when this transaction commits, that a session has ended. */
export const notifyRevoked = async ({ client }: Tx, channel: string, id: SessionId): Promise<void> => {
  await client.query('select pg_notify($1, $2)', [channel, id])
}

export const findSession = async ({ db }: Tx, id: SessionId): Promise<SessionRow | undefined> =>
  (await db.select().from(sessions).where(eq(sessions.id, id)))[0]

export const findFactor = async ({ db }: Tx, personId: PersonId): Promise<FactorRow | undefined> =>
  (await db.select().from(secondFactors).where(eq(secondFactors.personId, personId)))[0]

export const lockFactor = async ({ db }: Tx, personId: PersonId): Promise<FactorRow | undefined> =>
  (await db.select().from(secondFactors).where(eq(secondFactors.personId, personId)).for('update'))[0]

export const listFactors = async ({ db }: Tx, personIds: readonly PersonId[]): Promise<FactorRow[]> =>
  personIds.length === 0 ? [] : db.select().from(secondFactors).where(inArray(secondFactors.personId, [...personIds]))

export const upsertFactor = async ({ db }: Tx, row: FactorRow): Promise<void> => {
  const { personId: _, ...changes } = row
  await db.insert(secondFactors).values(row).onConflictDoUpdate({ target: secondFactors.personId, set: changes })
}

export const updateFactor = async ({ db }: Tx, personId: PersonId, changes: Partial<FactorRow>): Promise<void> => {
  await db.update(secondFactors).set(changes).where(eq(secondFactors.personId, personId))
}

export const deleteFactor = async ({ db }: Tx, personId: PersonId): Promise<boolean> =>
  (await db.delete(secondFactors).where(eq(secondFactors.personId, personId)).returning({ id: secondFactors.personId })).length > 0

export const insertSignIn = async ({ db }: Tx, row: SignInRow): Promise<void> => {
  await db.insert(signIns).values(row)
}

/** What is usual: the successful sign-ins of a person since an instant, newest first. */
export const listUsualSignIns = ({ db }: Tx, personId: PersonId, since: Date): Promise<Pick<SignInRow, 'address' | 'device' | 'at'>[]> =>
  db.select({ address: signIns.address, device: signIns.device, at: signIns.at }).from(signIns)
    .where(and(eq(signIns.personId, personId), eq(signIns.outcome, 'signed_in'), gt(signIns.at, since))).orderBy(desc(signIns.id)).limit(200)

type SignInSelection = Readonly<{ personId: PersonId | undefined; unusualOnly: boolean }>

export const listSignIns = ({ db }: Tx, { personId, unusualOnly }: SignInSelection, before: SignInId | undefined, limit: number): Promise<SignInRow[]> =>
  db.select().from(signIns)
    .where(and(
      personId && eq(signIns.personId, personId),
      unusualOnly ? sql`(cardinality(${signIns.unusual}) > 0 or ${signIns.outcome} <> 'signed_in')` : undefined,
      before && lt(signIns.id, before)
    )).orderBy(desc(signIns.id)).limit(limit)

export const deleteSignIns = async ({ db }: Tx, which: { before: Date } | { personId: PersonId }): Promise<void> => {
  await db.delete(signIns).where('before' in which ? lt(signIns.at, which.before) : eq(signIns.personId, which.personId))
}

export const insertRetained = async ({ db }: Tx, row: typeof retainedParticulars.$inferInsert): Promise<void> => {
  await db.insert(retainedParticulars).values(row)
}

export const findRetained = async ({ db }: Tx, personId: PersonId): Promise<typeof retainedParticulars.$inferSelect | undefined> =>
  (await db.select().from(retainedParticulars).where(eq(retainedParticulars.personId, personId)))[0]

/** Forgets what the law has kept long enough. */
export const deleteRetained = async ({ db }: Tx, at: Date): Promise<number> =>
  (await db.delete(retainedParticulars).where(lt(retainedParticulars.keptUntil, at)).returning({ id: retainedParticulars.personId })).length

/** What names a person in sign-in codes and sessions that are over. */
export const deleteChallengesOf = async ({ db }: Tx, phoneIndexes: readonly Buffer[]): Promise<void> => {
  await db.delete(challenges).where(and(eq(challenges.purpose, 'login'), inArray(challenges.phoneIndex, [...phoneIndexes])))
}

export const blankSessionsOf = async ({ db }: Tx, personId: PersonId): Promise<void> => {
  await db.update(sessions).set({ address: '' }).where(eq(sessions.personId, personId))
}

export const updateMembershipNames = async ({ db }: Tx, personId: PersonId): Promise<void> => {
  await db.update(memberships).set({ nameSealed: null }).where(eq(memberships.personId, personId))
}
