import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { People, StaffAccount } from '../identity/people.js'
import type { SignInFilter, SignInRecord } from '../identity/model.js'
import type { SecondFactors } from '../identity/second-factors.js'
import { newPassword } from '../identity/secrets.js'
import type { SignIns } from '../identity/sign-ins.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { OfficeId } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import { MembershipId, ProposalId, type ConfirmedProposal, type NewStaffMember, type OneTimePassword, type StaffEnd, type StaffMember, type StaffProposal } from './model.js'
import { checkPlace, mayDecide, mustBe, mustBeAnother } from './rules.js'
import { insertProposal, listProposals, lockProposal, updateProposal, type ProposalRow } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Pick<Offices, 'list' | 'resolve'>
  people: People
  secondFactors: SecondFactors
  signIns: SignIns
}>

const sealed = { phone: 'staff_proposals.phone', name: 'staff_proposals.name' }

const maskedPhone = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`

export const createStaff = ({ work, clock, vault, offices, people, secondFactors, signIns }: Dependencies) => {
  const idsOfOffices = async (): Promise<Map<number, OfficeId>> => new Map((await offices.list()).map(({ number, id }) => [number, id]))

  const placed = (office: number | null, known: Map<number, OfficeId>) => {
    const officeId = office === null ? undefined : known.get(office)
    return officeId === undefined ? {} : { officeId }
  }

  /** In a writing transaction even to look, so that the access log has it. */
  const asAdministrator = <Result>(caller: Caller, use: (tx: Tx) => Promise<Result>): Promise<Result> => work.write(actorOf(caller), 0, use)

  const memberOf = ({ membership, phone, name, lockedUntil, passwordExpiresAt }: StaffAccount, factor: { isLocked: boolean } | undefined, known: Map<number, OfficeId>): StaffMember => ({
    id: membership.id, personId: membership.personId, end: membership.end as StaffEnd, ...placed(membership.office, known), roles: membership.roles,
    name: name ?? null, phone: maskedPhone(phone), secondFactor: factor ? 'totp' : 'sms', lockedUntil, passwordExpiresAt, since: membership.createdAt
  })

  /** The staff of every office, the authorities and the platform. */
  const list = async (caller: Caller, page: PageQuery): Promise<PageOf<StaffMember>> => {
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => {
      const rows = await people.staffAccounts(tx, positionOf(page, MembershipId), page.limit + 1)
      const { items, nextCursor } = pageOf(rows, page, ({ membership }) => membership.id)
      const factors = await secondFactors.statesOf(tx, items.map(({ membership }) => membership.personId))
      return { items: items.map((account) => memberOf(account, factors.get(account.membership.personId), known)), nextCursor }
    })
  }

  const proposalOf = (row: ProposalRow, known: Map<number, OfficeId>): StaffProposal => ({
    id: row.id, status: row.status, end: row.end, ...placed(row.office, known), roles: row.roles, name: vault.open(row.nameSealed, sealed.name),
    phone: maskedPhone(vault.open(row.phoneSealed, sealed.phone)), proposedBy: row.proposedBy, createdAt: row.createdAt,
    decidedBy: row.decidedBy, decidedAt: row.decidedAt, reason: row.reason
  })

  /** The system administrator proposes who shall belong to the staff. @throws forbidden (403), validation_failed (422), not_found (404) for an office that is not there */
  const propose = async (caller: Caller, wanted: NewStaffMember): Promise<StaffProposal> => {
    mustBe(caller, 'system')
    checkPlace(wanted)
    if (wanted.officeId !== undefined) await offices.resolve(wanted.officeId, undefined)
    const known = await idsOfOffices()
    const row: ProposalRow = {
      id: newId('stp', 0), status: 'proposed', phoneSealed: vault.seal(wanted.phone, sealed.phone), nameSealed: vault.seal(wanted.name, sealed.name),
      end: wanted.end, office: wanted.officeId === undefined ? null : officeOf(wanted.officeId), roles: wanted.roles,
      proposedBy: caller.personId, createdAt: clock.now(), decidedBy: null, decidedAt: null, reason: null
    }
    await asAdministrator(caller, (tx) => insertProposal(tx, row))
    return proposalOf(row, known)
  }

  const proposals = async (caller: Caller, page: PageQuery): Promise<PageOf<StaffProposal>> => {
    mustBe(caller, 'system', 'security')
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => {
      const { items, nextCursor } = pageOf(await listProposals(tx, positionOf(page, ProposalId), page.limit + 1), page, ({ id }) => id)
      return { items: items.map((row) => proposalOf(row, known)), nextCursor }
    })
  }

  const decided = async (tx: Tx, caller: Caller, id: ProposalId, status: 'confirmed' | 'refused', reason: string | null): Promise<ProposalRow> => {
    const row = await lockProposal(tx, id)
    if (!row) throw notFound({})
    mayDecide(row, caller.personId)
    const after = { ...row, status, decidedBy: caller.personId, decidedAt: clock.now(), reason }
    await updateProposal(tx, after)
    return after
  }

  /** @returns the password, where the person has none that is their own */
  const passwordFor = async (tx: Tx, personId: StaffMember['personId'], { isReset }: { isReset: boolean }): Promise<string | null> => {
    if (!isReset && await people.hasPassword(tx, personId)) return null
    const password = newPassword()
    await people.setPassword(tx, personId, password, { oneTime: true })
    return password
  }

  /** The security administrator lets the person in. @throws forbidden, same_person (403), not_found (404), wrong_state, duties_apart (409) */
  const confirm = async (caller: Caller, id: ProposalId): Promise<ConfirmedProposal> => {
    mustBe(caller, 'security')
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => {
      const row = await decided(tx, caller, id, 'confirmed', null)
      const office = (await offices.list()).find(({ number }) => number === row.office)
      const personId = await people.addMember(tx, {
        phone: vault.open(row.phoneSealed, sealed.phone), name: vault.open(row.nameSealed, sealed.name), end: row.end,
        office: row.office ?? undefined, roles: row.roles, placeName: office?.name
      })
      return { ...proposalOf(row, known), oneTimePassword: await people.asIdentity(tx, (tx) => passwordFor(tx, personId, { isReset: false })) }
    })
  }

  /** @throws forbidden, same_person (403), not_found (404), wrong_state (409) */
  const refuse = async (caller: Caller, id: ProposalId, reason: string): Promise<StaffProposal> => {
    mustBe(caller, 'security')
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => proposalOf(await decided(tx, caller, id, 'refused', reason), known))
  }

  /** Somebody else's account, for a change by an administrator. */
  const another = async (tx: Tx, caller: Caller, id: MembershipId): Promise<StaffAccount> => {
    const account = await people.staffAccount(tx, id)
    mustBeAnother(account.membership.personId, caller)
    return account
  }

  const shown = async (tx: Tx, id: MembershipId, known: Map<number, OfficeId>): Promise<StaffMember> => {
    const account = await people.staffAccount(tx, id)
    return memberOf(account, (await secondFactors.statesOf(tx, [account.membership.personId])).get(account.membership.personId), known)
  }

  /** Ends somebody's place, and their sessions there at once. @throws forbidden, same_person (403), not_found (404) */
  const remove = (caller: Caller, id: MembershipId): Promise<void> => {
    mustBe(caller, 'system', 'security')
    return asAdministrator(caller, async (tx) => {
      const { membership: { personId, end, office, merchantId } } = await another(tx, caller, id)
      await people.endMember(tx, personId, { end, office: office ?? undefined, merchantId: merchantId ?? undefined })
    })
  }

  /** Lifts the locks of wrong passwords and wrong codes. @throws forbidden, same_person (403), not_found (404) */
  const unlock = async (caller: Caller, id: MembershipId): Promise<StaffMember> => {
    mustBe(caller, 'security')
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => {
      const { membership: { personId } } = await another(tx, caller, id)
      await people.unlock(tx, personId)
      await secondFactors.unlock(tx, personId)
      return shown(tx, id, known)
    })
  }

  /** A one-time password, which ends all sessions of the person. @throws forbidden, same_person (403), not_found (404) */
  const resetPassword = (caller: Caller, id: MembershipId): Promise<OneTimePassword> => {
    mustBe(caller, 'security')
    return asAdministrator(caller, async (tx) => {
      const { membership: { personId } } = await another(tx, caller, id)
      return { oneTimePassword: await people.asIdentity(tx, (tx) => passwordFor(tx, personId, { isReset: true })) as string }
    })
  }

  /** Takes a lost second factor away: the SMS code is asked for again. @throws forbidden, same_person (403), not_found (404) */
  const resetSecondFactor = async (caller: Caller, id: MembershipId): Promise<StaffMember> => {
    mustBe(caller, 'security')
    const known = await idsOfOffices()
    return asAdministrator(caller, async (tx) => {
      const { membership: { personId } } = await another(tx, caller, id)
      if (!(await secondFactors.remove(tx, personId))) throw notFound({})
      return shown(tx, id, known)
    })
  }

  /** Sign-ins of the staff, for the security administrator. @throws forbidden (403) */
  const listSignIns = (caller: Caller, filter: SignInFilter): Promise<PageOf<SignInRecord>> => {
    mustBe(caller, 'security')
    return asAdministrator(caller, (tx) => signIns.list(tx, filter))
  }

  return { list, propose, proposals, confirm, refuse, remove, unlock, resetPassword, resetSecondFactor, listSignIns }
}

export type Staff = ReturnType<typeof createStaff>
