import { actorOf, anyone, type Actor, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import type { Identity } from '../identity/service.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { OfficeId } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import { Merchant, MerchantId, StaffMember, type MerchantApplication, type MerchantDetail, type MerchantQuery, type NewStaffMember, type Review, type SettlementAccount, type Venue, type VenueId, type VenueTerms } from './model.js'
import { venueExists } from './problems.js'
import { checkAlive, checkCreditCode, checkOwner, masked, mayReadApplication, review } from './rules.js'
import { countMerchants, findMerchant, findMerchants, findSettlementAccount, findSettlementAccounts, findVenueByName, holdMerchants, insertMerchant, insertSettlementAccount, insertVenue, listMerchants, listVenues, lockMerchant, updateMerchant, updateSettlementAccount, updateVenue, type MerchantRow } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  evidence: Evidence
  offices: Offices
  identity: Identity
}>

const sealed = {
  accountName: 'settlement_accounts.account_name',
  accountNumber: 'settlement_accounts.account_number',
  ownerPhone: 'settlement_accounts.owner_phone'
}

const facts: Readonly<Record<Review, Fact>> = {
  approve: 'merchant-approved', reject: 'merchant-rejected', suspend: 'merchant-suspended', resume: 'merchant-resumed'
}

const viewOf = ({ id, name, creditCode, category, district, status, reason, createdAt }: MerchantRow, officeId: OfficeId, venues: Venue[]): Merchant =>
  ({ id, officeId, name, creditCode, category, district, status, reason, venues, createdAt })

export const createMerchants = ({ work, clock, vault, evidence, offices, identity }: Dependencies) => {
  /** The wire's id of an office by its number. @throws not_found (404) */
  const officeIdOf = async (number: number): Promise<OfficeId> => {
    const office = (await offices.list()).find((row) => row.number === number)
    if (!office) throw notFound({})
    return office.id
  }

  /** A merchant the transaction's role may see. @throws not_found (404) */
  const find = async (tx: Tx, id: MerchantId): Promise<MerchantRow> => {
    const merchant = await findMerchant(tx, id)
    if (!merchant) throw notFound({})
    return merchant
  }

  /** Locks a merchant: after contract, payment and caps row, before accounts. For notary and worker. @throws not_found (404) */
  const lock = async (tx: Tx, id: MerchantId): Promise<MerchantRow> => {
    const merchant = await lockMerchant(tx, id)
    if (!merchant) throw notFound({})
    return merchant
  }

  /** Has merchants that are there, each named once, stay as they are until the end of the transaction; in the order of locks as `lock`. */
  const holdMany = async (tx: Tx, ids: readonly MerchantId[]): Promise<Map<MerchantId, MerchantRow>> =>
    new Map((await holdMerchants(tx, ids)).map((merchant) => [merchant.id, merchant]))

  /** The names of merchants, by id. */
  const namesOf = async (tx: Tx, ids: readonly MerchantId[]): Promise<Map<MerchantId, string>> =>
    new Map((await findMerchants(tx, ids)).map(({ id, name }) => [id, name]))

  /** The venues of a merchant, oldest first, with the last days of their leases. */
  const venuesOf = async (tx: Tx, id: MerchantId): Promise<Venue[]> =>
    (await listVenues(tx, [id])).map(({ merchantId: _, ...venue }) => venue)

  /** Where merchants' settlements are paid to, readable, by merchant. For notary and worker. */
  const settlementAccountsOf = async (tx: Tx, ids: readonly MerchantId[]): Promise<ReadonlyMap<MerchantId, SettlementAccount>> =>
    new Map((await findSettlementAccounts(tx, ids)).map(({ merchantId, bankName, accountNameSealed, accountNumberSealed, cnapsCode }) => [merchantId, {
      bankName,
      accountName: vault.open(accountNameSealed, sealed.accountName),
      accountNumber: vault.open(accountNumberSealed, sealed.accountNumber),
      ...(cnapsCode ? { cnapsCode } : {})
    }]))

  /** The same of one. @throws not_found (404) */
  const settlementAccountOf = async (tx: Tx, id: MerchantId): Promise<SettlementAccount> => {
    const account = (await settlementAccountsOf(tx, [id])).get(id)
    if (!account) throw notFound({})
    return account
  }

  /** The phone of the owner who applied, to tell them something. For notary and worker. @throws not_found (404) */
  const ownerPhoneOf = async (tx: Tx, id: MerchantId): Promise<string> => {
    const account = await findSettlementAccount(tx, id)
    if (!account) throw notFound({})
    return vault.open(account.ownerPhoneSealed, sealed.ownerPhone)
  }

  const applicationOf = async (tx: Tx, id: MerchantId): Promise<NonNullable<MerchantDetail['application']>> => {
    const account = await findSettlementAccount(tx, id)
    if (!account) throw notFound({})
    return {
      ownerPhone: masked(vault.open(account.ownerPhoneSealed, sealed.ownerPhone)),
      bankName: account.bankName,
      accountName: vault.open(account.accountNameSealed, sealed.accountName),
      accountNumber: masked(vault.open(account.accountNumberSealed, sealed.accountNumber))
    }
  }

  /**
   * A merchant applies to an office. The owner named in the application may sign in at the merchant
   * end at once, to see what becomes of it and to prepare.
   * @throws office_required (422), validation_failed (422) for the credit code, merchant_exists (409)
   */
  const apply = async (command: Command, { officeId, ownerPhone, settlementAccount, ...applied }: MerchantApplication): Promise<Merchant> => {
    const { caller } = command
    const office = await offices.resolve(officeId, caller)
    return work.writeOnce(command, office.number, Merchant, async (tx) => {
      checkCreditCode(applied.creditCode)
      const now = clock.now()
      const merchant: MerchantRow = {
        ...applied, officeId: tx.office, id: newId('mer', tx.office), status: 'in_review', reason: null,
        appliedBy: caller.personId, createdAt: now, reviewedBy: null, reviewedAt: null, approvedAt: null
      }
      await insertMerchant(tx, merchant)
      await insertSettlementAccount(tx, {
        officeId: tx.office, merchantId: merchant.id, bankName: settlementAccount.bankName, cnapsCode: settlementAccount.cnapsCode ?? null, updatedAt: now,
        accountNameSealed: vault.seal(settlementAccount.accountName, sealed.accountName),
        accountNumberSealed: vault.seal(settlementAccount.accountNumber, sealed.accountNumber),
        ownerPhoneSealed: vault.seal(ownerPhone, sealed.ownerPhone),
        ownerPhoneIndex: vault.index(ownerPhone, sealed.ownerPhone)
      })
      await identity.addMember(tx, { phone: ownerPhone, end: 'merchant', office: tx.office, merchantId: merchant.id, roles: ['owner'], placeName: merchant.name })
      await evidence.appendFact(tx, {
        fact: 'merchant-applied', subject: merchant.id, merchantId: merchant.id, occurredAt: now,
        payload: { creditCode: merchant.creditCode, category: merchant.category, district: merchant.district }
      })
      return viewOf(merchant, office.id, [])
    })
  }

  /**
   * The notary's word on a merchant: approve or reject an application, suspend and resume sales.
   * @throws not_found (404), wrong_state (409)
   */
  const decide = async (caller: Caller, id: MerchantId, word: Review, reason: string | null): Promise<Merchant> => {
    const officeId = await officeIdOf(officeOf(id))
    return work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      const now = clock.now()
      const changed = { id, status: review(before.status, word), reason, reviewedBy: caller.personId, reviewedAt: now, approvedAt: word === 'approve' ? now : before.approvedAt }
      await updateMerchant(tx, changed)
      await evidence.appendFact(tx, {
        fact: facts[word], subject: id, merchantId: id, occurredAt: now, payload: { creditCode: before.creditCode, status: changed.status }
      })
      return viewOf({ ...before, ...changed }, officeId, await venuesOf(tx, id))
    })
  }

  /** Administrators have no business with merchants: they see what anyone does. */
  const readerOf = (caller: Caller | undefined): Actor => (caller === undefined || caller.end === 'administrator' ? anyone : actorOf(caller))

  /** The merchants of an office that the caller may see, newest first. @throws office_required (422) */
  const list = async (caller: Caller | undefined, query: MerchantQuery): Promise<PageOf<Merchant>> => {
    const office = await offices.resolve(query.officeId, caller)
    return work.read(readerOf(caller), office.number, async (tx) => {
      const rows = await listMerchants(tx, query, positionOf(query, MerchantId), query.limit + 1)
      const venues = await listVenues(tx, rows.map(({ id }) => id))
      const page = pageOf(rows, query, ({ id }) => id)
      return {
        ...page,
        items: page.items.map((row) => viewOf(row, office.id, venues.filter(({ merchantId }) => merchantId === row.id).map(({ merchantId: _, ...venue }) => venue)))
      }
    })
  }

  /** @throws not_found (404), also for one the caller may not see */
  const view = async (caller: Caller | undefined, id: MerchantId): Promise<MerchantDetail> => {
    const officeId = await officeIdOf(officeOf(id))
    return work.read(readerOf(caller), officeOf(id), async (tx) => {
      const merchant = viewOf(await find(tx, id), officeId, await venuesOf(tx, id))
      return mayReadApplication(caller, id) ? { ...merchant, application: await applicationOf(tx, id) } : merchant
    })
  }

  /**
   * Adds a venue; the same one again is the one that is there.
   * @throws not_found (404), forbidden (403), wrong_state (409), venue_exists (409)
   */
  const addVenue = (caller: Caller, id: MerchantId, terms: VenueTerms): Promise<Venue> => {
    checkOwner(caller, id)
    return work.write(actorOf(caller), officeOf(id), async (tx) => {
      checkAlive((await find(tx, id)).status)
      const now = clock.now()
      const venue: Venue = { ...terms, id: newId('ven', tx.office) }
      if (await insertVenue(tx, id, venue, now)) {
        await evidence.appendFact(tx, { fact: 'venue-added', subject: venue.id, merchantId: id, occurredAt: now, payload: { leaseUntil: terms.leaseUntil } })
        return venue
      }
      const there = await findVenueByName(tx, id, terms.name)
      if (there?.address === terms.address && there.leaseUntil === terms.leaseUntil) return there
      throw venueExists({})
    })
  }

  /**
   * Corrects a venue or enters its new lease. Products and contracts that are there keep going:
   * a lease counts at listing and at purchase.
   * @throws not_found (404), forbidden (403), wrong_state (409), venue_exists (409)
   */
  const changeVenue = (caller: Caller, id: MerchantId, venueId: VenueId, terms: VenueTerms): Promise<Venue> => {
    checkOwner(caller, id)
    return work.write(actorOf(caller), officeOf(id), async (tx) => {
      checkAlive((await find(tx, id)).status)
      const venue: Venue = { ...terms, id: venueId }
      if (!(await updateVenue(tx, id, venue))) throw notFound({})
      await evidence.appendFact(tx, { fact: 'venue-changed', subject: venueId, merchantId: id, occurredAt: clock.now(), payload: { leaseUntil: terms.leaseUntil } })
      return venue
    })
  }

  /**
   * Lets a person work for a merchant, at the merchant end. Who works there already gets the role in addition.
   * @throws not_found (404), forbidden (403), wrong_state (409)
   */
  const addStaff = (caller: Caller, id: MerchantId, { phone, name, role }: NewStaffMember): Promise<StaffMember> => {
    checkOwner(caller, id)
    return work.write(actorOf(caller), officeOf(id), async (tx) => {
      const merchant = await find(tx, id)
      checkAlive(merchant.status)
      const personId = await identity.addMember(tx, { phone, name, end: 'merchant', office: tx.office, merchantId: id, roles: [role], placeName: merchant.name })
      return { id: personId, merchantId: id, phone: masked(phone), name, role }
    })
  }

  /** Closure mode: no more sales while it runs, and at its end the merchant is closed. The caller holds the merchant's lock. */
  const setClosure = (tx: Tx, id: MerchantId, status: 'closing' | 'closed'): Promise<void> => updateMerchant(tx, { id, status })

  /** Pays settlements to another account from now on. For the worker, once a change is in effect. */
  const setSettlementAccount = (tx: Tx, id: MerchantId, { bankName, accountName, accountNumber, cnapsCode }: SettlementAccount): Promise<void> =>
    updateSettlementAccount(tx, id, {
      bankName, cnapsCode: cnapsCode ?? null, updatedAt: clock.now(),
      accountNameSealed: vault.seal(accountName, sealed.accountName), accountNumberSealed: vault.seal(accountNumber, sealed.accountNumber)
    })

  return { setSettlementAccount, setClosure, checkOwner, checkAlive, count: countMerchants, find, lock, holdMany, namesOf, venuesOf, settlementAccountOf, settlementAccountsOf, ownerPhoneOf, apply, decide, list, view, addVenue, changeVenue, addStaff }
}

export type Merchants = ReturnType<typeof createMerchants>
