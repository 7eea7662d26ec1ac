import { inRole, type Tx } from '../db/unit-of-work.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { End } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { IdNumber, NewIdentity, NewMember, Particulars, PersonId, Phone, Place } from './model.js'
import type { Revocations } from './revocations.js'
import { hashPassword } from './secrets.js'
import { mayTakeOn } from './rules.js'
import {
  blankSessionsOf, countMembersEver, deleteChallengesOf, deleteFactor, deleteRetained, deleteSignIns, endMembership, findPerson, findRetained, findStaff, insertPerson, insertRetained,
  listDuties, listMembersAt, listPlaces, listSessions, listStaff, lockPerson, lockPersonByPhone, updateMembershipNames, updatePerson, upsertMembership, type MembershipRow, type PersonRow
} from './store.js'

type Dependencies = Readonly<{ clock: Clock; vault: Vault; revocations: Pick<Revocations, 'revoke'> }>

/** The columns personal data is bound to. */
export const columns = {
  phone: 'people.phone', name: 'people.name', idNumber: 'people.id_number', formerIdNumbers: 'people.former_id_numbers',
  retained: 'retained_particulars.particulars', challengePhone: 'challenges.phone', memberName: 'memberships.name'
} as const

/** A member of an office, by the name colleagues know the person by. */
export type Member = Readonly<{ personId: PersonId; roles: readonly string[]; name: string | undefined }>

/** One of the staff, as the administrators see their account. */
export type StaffAccount = Readonly<{ membership: MembershipRow; phone: Phone; name: string | undefined; lockedUntil: Date | null; passwordExpiresAt: Date | null }>

/** What is kept of a person, opened. */
type Kept = Readonly<Pick<Particulars, 'phone' | 'legalName' | 'idNumber'>>

const oneTimePasswordLifeMs = 7 * dayMs

/** People and where they belong: what other features, the seed and the administration need of them. */
export const createPeople = ({ clock, vault, revocations }: Dependencies) => {
  /** The person of a phone, locked, if there is one. Identity role. */
  const findByPhone = (tx: Tx, phone: Phone): Promise<PersonRow | undefined> => lockPersonByPhone(tx, vault.indexes(phone, columns.phone))

  /** The person of a phone, made when there is none, and locked. Identity role. */
  const lockOrMake = async (tx: Tx, phone: Phone): Promise<PersonRow> => {
    const known = await findByPhone(tx, phone)
    if (known) return known
    await insertPerson(tx, { id: newId('per', 0), phoneIndex: vault.index(phone, columns.phone), phoneSealed: vault.seal(phone, columns.phone), createdAt: clock.now() })
    const made = await findByPhone(tx, phone)
    invariant(made, 'a person who was just made is missing')
    return made
  }

  /**
   * Gives a person a place at an end, and makes the person of a phone nobody had. The caller has
   * checked that this may be; it works in a transaction of any role. Someone who is there already
   * gets the roles in addition.
   * @throws duties_apart (409) where an administrator would be something else besides
   */
  const addMember = (tx: Tx, { phone, name, end, office, merchantId, roles, placeName = '' }: NewMember): Promise<PersonId> =>
    inRole(tx, 'identity', async (tx) => {
      const { id: personId } = await lockOrMake(tx, phone)
      mayTakeOn(await listDuties(tx, personId), { end, roles })
      await upsertMembership(tx, {
        id: newId('mbr', 0), personId, end, office: office ?? null, merchantId: merchantId ?? null, roles: [...roles], placeName,
        nameSealed: name === undefined ? null : vault.seal(name, columns.memberName), createdAt: clock.now()
      })
      return personId
    })

  /** Ends a person's place at an end, and the sessions there at once. Works in a transaction of any role. @throws not_found (404) */
  const endMember = (tx: Tx, personId: PersonId, place: Place): Promise<void> =>
    inRole(tx, 'identity', async (tx) => {
      if (!(await endMembership(tx, personId, place, clock.now()))) throw notFound({})
      await revocations.revoke(tx, await listSessions(tx, personId, place), 'membership ended')
    })

  const withIndexes = (particulars: Kept, formerIdNumbers: readonly IdNumber[] = []): Particulars => ({
    phone: particulars.phone, legalName: particulars.legalName, idNumber: particulars.idNumber,
    idNumberIndex: particulars.idNumber === undefined ? undefined : idNumberIndexOf(particulars.idNumber),
    idNumberIndexes: [...(particulars.idNumber === undefined ? [] : [particulars.idNumber]), ...formerIdNumbers].flatMap((one) => vault.indexes(one, columns.idNumber))
  })

  const formerIdNumbersOf = ({ formerIdNumbersSealed }: PersonRow): IdNumber[] =>
    formerIdNumbersSealed === null ? [] : JSON.parse(vault.open(formerIdNumbersSealed, columns.formerIdNumbers)) as IdNumber[]

  const keptOf = ({ phoneSealed, nameSealed, idNumberSealed }: PersonRow): Kept => ({
    phone: vault.open(phoneSealed, columns.phone),
    legalName: nameSealed === null ? undefined : vault.open(nameSealed, columns.name),
    idNumber: idNumberSealed === null ? undefined : vault.open(idNumberSealed, columns.idNumber)
  })

  const opened = (person: PersonRow): Particulars => withIndexes(keptOf(person), formerIdNumbersOf(person))

  /** Of a closed account: what the law still keeps, for the documents it is kept for. @throws not_found (404) once that is erased */
  const retainedOf = (tx: Tx, personId: PersonId): Promise<Particulars> => inRole(tx, 'worker', async (tx) => {
    const retained = await findRetained(tx, personId)
    if (!retained) throw notFound({})
    return withIndexes(JSON.parse(vault.open(retained.particularsSealed, columns.retained)) as Kept)
  })

  /**
   * A person's particulars, opened. Row-level security decides: an end sees its own caller, the
   * worker everyone.
   * @throws not_found (404)
   */
  const personOf = async (tx: Tx, personId: PersonId): Promise<Particulars> => {
    const person = await findPerson(tx, personId)
    if (!person) throw notFound({})
    return person.closedAt === null ? opened(person) : retainedOf(tx, personId)
  }

  /** The blind index of an ID number, the same for everyone who has it: what caps are counted by. */
  const idNumberIndexOf = (idNumber: string): Buffer => vault.index(idNumber, columns.idNumber)

  /** Sets the password of a person; a one-time one lapses after seven days unless it is changed, and ends the sessions there are. Identity or worker role. */
  const setPassword = async (tx: Tx, personId: PersonId, password: string, { oneTime, expiresAt = null }: { oneTime: boolean; expiresAt?: Date | null }): Promise<void> => {
    await updatePerson(tx, personId, {
      passwordHash: await hashPassword(password), passwordExpiresAt: oneTime ? after(clock.now(), oneTimePasswordLifeMs) : expiresAt,
      failedSignIns: 0, lockedUntil: null
    })
    if (oneTime) await revocations.revoke(tx, await listSessions(tx, personId), 'password reset')
  }

  /** Sets a password whose hash is known: the seed's. Identity or worker role. */
  const setPasswordHash = (tx: Tx, personId: PersonId, passwordHash: string): Promise<void> => updatePerson(tx, personId, { passwordHash })

  /** Who belongs to an office at an end: for those who may see memberships. */
  const membersOf = async (tx: Tx, office: number, end: End): Promise<Member[]> =>
    (await listMembersAt(tx, office, end)).map(({ personId, roles, nameSealed }) => ({ personId, roles, name: nameSealed === null ? undefined : vault.open(nameSealed, columns.memberName) }))

  /** The merchants a person works for, or worked for until when. Identity or worker role. */
  const merchantsOf = async (tx: Tx, personId: PersonId): Promise<{ merchantId: Id<'mer'>; endedAt: Date | null }[]> =>
    (await listPlaces(tx, personId, 'merchant')).flatMap(({ merchantId, endedAt }) => (merchantId === null ? [] : [{ merchantId, endedAt }]))

  const hasPassword = async (tx: Tx, personId: PersonId): Promise<boolean> => {
    const person = await findPerson(tx, personId)
    return person !== undefined && person.passwordHash !== null
  }

  /** Enters, or corrects, who a person is; a number that was another before is kept, so that what was bought under it counts on. Identity role. */
  const setParticulars = async (tx: Tx, person: PersonRow, { legalName, idNumber }: NewIdentity): Promise<void> => {
    const { idNumber: before } = opened(person)
    const former = before === undefined || before === idNumber ? [] : [...formerIdNumbersOf(person), before]
    await updatePerson(tx, person.id, {
      nameSealed: vault.seal(legalName, columns.name), idNumberSealed: vault.seal(idNumber, columns.idNumber), idNumberIndex: idNumberIndexOf(idNumber),
      ...(former.length === 0 ? {} : { formerIdNumbersSealed: vault.seal(JSON.stringify(former), columns.formerIdNumbers) })
    })
  }

  /** The same in a transaction of any role. @throws not_found (404) */
  const correctParticulars = (tx: Tx, personId: PersonId, wanted: NewIdentity): Promise<void> => inRole(tx, 'identity', async (tx) => {
    const person = await lockPerson(tx, personId)
    if (!person || person.closedAt !== null) throw notFound({})
    await setParticulars(tx, person, wanted)
  })

  /**
   * Closes an account: what is personal is erased at once, and the particulars are blocked where the
   * law keeps them until an instant. The phone is free for a new account. Works in a transaction of
   * any role; the caller has checked that nothing is open. @throws not_found (404)
   */
  const close = (tx: Tx, personId: PersonId, keptUntil: Date | undefined): Promise<void> => inRole(tx, 'identity', async (tx) => {
    const person = await lockPerson(tx, personId)
    if (!person || person.closedAt !== null) throw notFound({})
    const now = clock.now()
    const kept = keptOf(person)
    if (keptUntil) await insertRetained(tx, { personId, particularsSealed: vault.seal(JSON.stringify(kept), columns.retained), blockedAt: now, keptUntil })
    await revocations.revoke(tx, await listSessions(tx, personId), 'account closed')
    await blankSessionsOf(tx, personId)
    await deleteSignIns(tx, { personId })
    await deleteFactor(tx, personId)
    await deleteChallengesOf(tx, vault.indexes(kept.phone, columns.phone))
    await updateMembershipNames(tx, personId)
    await updatePerson(tx, personId, {
      phoneIndex: vault.index(newId('per', 0), 'people.closed'), phoneSealed: '', nameSealed: null, idNumberSealed: null, idNumberIndex: null,
      formerIdNumbersSealed: null, passwordHash: null, passwordExpiresAt: null, closedAt: now
    })
  })

  /** Erases what the law has kept long enough. Worker role. @returns of how many */
  const eraseLapsed = (tx: Tx, at: Date): Promise<number> => deleteRetained(tx, at)

  /** What a person is at the ends of the staff and of merchants, as it stands. Works in a transaction of any role. */
  const dutiesOf = (tx: Tx, personId: PersonId): Promise<MembershipRow[]> => inRole(tx, 'identity', (tx) => listDuties(tx, personId))

  const accountOf = ({ membership, person }: { membership: MembershipRow; person: PersonRow }): StaffAccount => ({
    membership, phone: vault.open(person.phoneSealed, columns.phone),
    name: membership.nameSealed === null ? undefined : vault.open(membership.nameSealed, columns.memberName),
    lockedUntil: person.lockedUntil, passwordExpiresAt: person.passwordExpiresAt
  })

  /** The staff of all offices, the authorities and the platform, in order of their memberships. Works in a transaction of any role. */
  const staffAccounts = (tx: Tx, afterId: MembershipRow['id'] | undefined, limit: number): Promise<StaffAccount[]> => inRole(tx, 'identity', async (tx) =>
    (await listStaff(tx, ['notary', 'operator', 'bureau', 'adjudicator', 'administrator'], afterId, limit)).map(accountOf))

  /** One of them. @throws not_found (404) */
  const staffAccount = (tx: Tx, id: MembershipRow['id']): Promise<StaffAccount> => inRole(tx, 'identity', async (tx) => {
    const found = await findStaff(tx, id)
    if (!found || ['consumer', 'merchant'].includes(found.membership.end)) throw notFound({})
    return accountOf(found)
  })

  /** Does one thing of a running transaction as the role that may change accounts. */
  const asIdentity = <Result>(tx: Tx, use: (tx: Tx) => Promise<Result>): Promise<Result> => inRole(tx, 'identity', use)

  /** Lifts the lock of wrong passwords. Works in a transaction of any role. */
  const unlock = (tx: Tx, personId: PersonId): Promise<void> => inRole(tx, 'identity', (tx) => updatePerson(tx, personId, { failedSignIns: 0, lockedUntil: null }))

  /** Whether anybody ever belonged to an end. Identity or worker role. */
  const hasEver = async (tx: Tx, end: End): Promise<boolean> => (await countMembersEver(tx, end)) > 0

  return {
    asIdentity, findByPhone, setParticulars, correctParticulars, close, eraseLapsed, dutiesOf, staffAccounts, staffAccount, unlock, hasEver,
    lockOrMake, addMember, endMember, personOf, membersOf, merchantsOf, idNumberIndexOf, setPassword, setPasswordHash, hasPassword
  }
}

export type People = ReturnType<typeof createPeople>
