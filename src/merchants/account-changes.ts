import { smsTopic, type SmsPayload } from '../channels/sms/sms.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Fact } from '../evidence/model.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Outbox } from '../outbox/service.js'
import type { Timetable } from '../timetable/service.js'
import { AccountChange, AccountChangeId, type AccountChangeRecord, type MerchantId, type SettlementAccount } from './model.js'
import { approvedChange, checkAccountName, checkOwner, checkNoOpenChange, endedChange, isDue, masked } from './rules.js'
import type { Merchants } from './service.js'
import { findChange, findOpenChange, insertChange, listChanges, lockChange, updateChange } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  evidence: Evidence
  outbox: Outbox
  timetable: Timetable
  merchants: Pick<Merchants, 'find' | 'settlementAccountOf' | 'ownerPhoneOf' | 'setSettlementAccount'>
}>

const deadline = 'settlement-account-change'
const about = 'settlement_account_changes.account'

/**
 * A change of the account a merchant is paid to, which is the classic fraud. The owner asks, the name
 * must be the merchant's, two notaries approve, a day passes, and the contact known before is told at
 * both ends; anyone who finds it wrong can end it until then.
 */
export const createAccountChanges = ({ work, clock, vault, evidence, outbox, timetable, merchants }: Dependencies) => {
  const accountOf = ({ accountSealed }: AccountChangeRecord): SettlementAccount => JSON.parse(vault.open(accountSealed, about)) as SettlementAccount

  const viewOf = (record: AccountChangeRecord): AccountChange => {
    const { bankName, accountName, accountNumber } = accountOf(record)
    const { accountSealed: _, ...rest } = record
    return { ...rest, bankName, accountName, accountNumber: masked(accountNumber) }
  }

  const append = (tx: Tx, fact: Fact, { id, merchantId, status }: AccountChangeRecord): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, merchantId, occurredAt: clock.now(), payload: { status } })

  /** Tells the contact known before the change. */
  const tell = async (tx: Tx, record: AccountChangeRecord, phone: string, text: string): Promise<void> => {
    const payload: SmsPayload = { phone, text }
    await outbox.send(tx, { topic: smsTopic, key: `${record.id}:${record.status}`, payload })
  }

  const lock = async (tx: Tx, id: AccountChangeId): Promise<AccountChangeRecord> => {
    const record = await lockChange(tx, id)
    if (!record) throw notFound({})
    return record
  }

  /** The owner asks for another account. @throws not_found (404), forbidden (403), wrong_state (409) while another change is open, account_name_differs (422) */
  const request = (command: Command, merchantId: MerchantId, account: SettlementAccount): Promise<AccountChange> => {
    checkOwner(command.caller, merchantId)
    return work.writeOnce(command, officeOf(merchantId), AccountChange, async (tx) => {
      const { name } = await merchants.find(tx, merchantId)
      const { accountName: known } = await merchants.settlementAccountOf(tx, merchantId)
      checkAccountName(account.accountName, [name, known])
      checkNoOpenChange(await findOpenChange(tx, merchantId))
      const record: AccountChangeRecord = {
        id: newId('sac', tx.office), merchantId, status: 'requested', accountSealed: vault.seal(JSON.stringify(account), about), requestedBy: command.caller.personId,
        requestedAt: clock.now(), firstNotaryId: null, secondNotaryId: null, effectiveAt: null, endedAt: null, reason: null
      }
      await insertChange(tx, record)
      await tell(tx, record, await merchants.ownerPhoneOf(tx, merchantId), `【提存】有人申请变更贵商户(${name})的结算账户,尾号 ${account.accountNumber.slice(-4)}。如非本人操作,请立即联系公证处。`)
      await append(tx, 'settlement-account-change-requested', record)
      return viewOf(record)
    })
  }

  /** A notary approves; the second one, another person, sets the day's wait going. @throws not_found (404), same_person (403), wrong_state (409) */
  const approve = (caller: Caller, id: AccountChangeId): Promise<AccountChange> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const record = approvedChange(await lock(tx, id), caller.personId, clock.now())
      await updateChange(tx, record)
      if (record.effectiveAt) await timetable.set(tx, deadline, id, record.effectiveAt)
      await append(tx, 'settlement-account-change-approved', record)
      return viewOf(record)
    })

  /** A notary or the owner ends it before it is in effect. @throws not_found (404), forbidden (403), wrong_state (409) */
  const end = (caller: Caller, id: AccountChangeId, reason: string): Promise<AccountChange> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      if (caller.end === 'merchant') checkOwner(caller, before.merchantId)
      const record = endedChange(before, reason, clock.now())
      await updateChange(tx, record)
      await timetable.lift(tx, deadline, id)
      await append(tx, 'settlement-account-change-ended', record)
      return viewOf(record)
    })

  timetable.on(deadline, ({ office, subject, take }) => work.write(worker, office, async (tx) => {
    const id = AccountChangeId.parse(subject)
    const before = await lock(tx, id)
    if (!(await take(tx)) || !isDue(before)) return
    const record: AccountChangeRecord = { ...before, status: 'effective' }
    const phone = await merchants.ownerPhoneOf(tx, record.merchantId)
    await merchants.setSettlementAccount(tx, record.merchantId, accountOf(record))
    await updateChange(tx, record)
    await tell(tx, record, phone, `【提存】贵商户的结算账户已变更为尾号 ${accountOf(record).accountNumber.slice(-4)}。`)
    await append(tx, 'settlement-account-changed', record)
  }))

  /** A merchant's changes, newest first, for its owner and the notary. @throws not_found (404), forbidden (403) */
  const list = (caller: Caller, merchantId: MerchantId, query: PageQuery): Promise<PageOf<AccountChange>> => {
    if (caller.end === 'merchant') checkOwner(caller, merchantId)
    return work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      await merchants.find(tx, merchantId)
      const page = pageOf(await listChanges(tx, merchantId, positionOf(query, AccountChangeId), query.limit + 1), query, ({ id }) => id)
      return { ...page, items: page.items.map(viewOf) }
    })
  }

  /** @throws not_found (404) */
  const find = (caller: Caller, id: AccountChangeId): Promise<AccountChange> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const record = await findChange(tx, id)
      if (!record) throw notFound({})
      return viewOf(record)
    })

  return { request, approve, end, list, find }
}

export type AccountChanges = ReturnType<typeof createAccountChanges>
