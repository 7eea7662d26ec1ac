import { inRole, type Tx } from '../db/unit-of-work.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { End } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { NewMember, Particulars, PersonId, Phone, Place } from './model.js'
import type { Revocations } from './revocations.js'
import { hashPassword } from './secrets.js'
import { endMembership, findPerson, insertPerson, listMembersAt, listPlaces, listSessions, lockPersonByPhone, updatePerson, upsertMembership, type PersonRow } from './store.js'

type Dependencies = Readonly<{ clock: Clock; vault: Vault; revocations: Pick<Revocations, 'revoke'> }>

/** The columns personal data is bound to. */
export const columns = {
  phone: 'people.phone', name: 'people.name', idNumber: 'people.id_number', challengePhone: 'challenges.phone', memberName: 'memberships.name'
} as const

/** A member of an office, by the name colleagues know the person by. */
export type Member = Readonly<{ personId: PersonId; roles: readonly string[]; name: string | undefined }>

const oneTimePasswordLifeMs = 7 * dayMs

/** People and where they belong: what other features, the seed and the administration need of them. */
export const createPeople = ({ clock, vault, revocations }: Dependencies) => {
  /** The person of a phone, made when there is none, and locked. Identity role. */
  const lockOrMake = async (tx: Tx, phone: Phone): Promise<PersonRow> => {
    const phoneIndex = vault.index(phone, columns.phone)
    const known = await lockPersonByPhone(tx, phoneIndex)
    if (known) return known
    await insertPerson(tx, { id: newId('per', 0), phoneIndex, phoneSealed: vault.seal(phone, columns.phone), createdAt: clock.now() })
    const made = await lockPersonByPhone(tx, phoneIndex)
    invariant(made, 'a person who was just made is missing')
    return made
  }

  /**
   * Gives a person a place at an end, and makes the person of a phone nobody had. The caller has
   * checked that this may be; it works in a transaction of any role. Someone who is there already
   * gets the roles in addition.
   */
  const addMember = (tx: Tx, { phone, name, end, office, merchantId, roles, placeName = '' }: NewMember): Promise<PersonId> =>
    inRole(tx, 'identity', async (tx) => {
      const { id: personId } = await lockOrMake(tx, phone)
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

  /**
   * A person's particulars, opened. Row-level security decides: an end sees its own caller, the
   * worker everyone.
   * @throws not_found (404)
   */
  const personOf = async (tx: Tx, personId: PersonId): Promise<Particulars> => {
    const person = await findPerson(tx, personId)
    if (!person) throw notFound({})
    const { phoneSealed, nameSealed, idNumberSealed, idNumberIndex } = person
    return {
      phone: vault.open(phoneSealed, columns.phone),
      legalName: nameSealed === null ? undefined : vault.open(nameSealed, columns.name),
      idNumber: idNumberSealed === null ? undefined : vault.open(idNumberSealed, columns.idNumber),
      idNumberIndex: idNumberIndex ?? undefined
    }
  }

  /** The blind index of an ID number, the same for everyone who has it: what caps are counted by. */
  const idNumberIndexOf = (idNumber: string): Buffer => vault.index(idNumber, columns.idNumber)

  /** Sets the password of a person; a one-time one lapses after seven days unless it is changed, and ends the sessions there are. Identity or worker role. */
  const setPassword = async (tx: Tx, personId: PersonId, password: string, { oneTime }: { oneTime: boolean }): Promise<void> => {
    await updatePerson(tx, personId, {
      passwordHash: await hashPassword(password), passwordExpiresAt: oneTime ? after(clock.now(), oneTimePasswordLifeMs) : null,
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

  return { lockOrMake, addMember, endMember, personOf, membersOf, merchantsOf, idNumberIndexOf, setPassword, setPasswordHash, hasPassword }
}

export type People = ReturnType<typeof createPeople>
