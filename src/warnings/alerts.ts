import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { commitment } from '../evidence/entry.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { after, dateOf, dayMs } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { Problem } from '../kernel/problem.js'
import { forbidden, notFound } from '../kernel/problems.js'
import type { Merchants } from '../merchants/service.js'
import type { Notice, Notices } from '../notices/service.js'
import { AlertId, type Alert, type AlertActor, type AlertDetail, type AlertEvent, type AlertQuery, type AlertRecord, type Reading } from './model.js'
import { eventsOf, moved, step } from './procedure/rules.js'
import { indicators, isBack } from './rules.js'
import type { Settings, WarningInForce } from './settings.js'
import { findAlert, findDayOf, findReading, insertAlert, insertMove, listAlerts, listDueAlerts, listMoves, lockAlert, updateAlert } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  evidence: Evidence
  merchants: Pick<Merchants, 'find' | 'checkOwner'>
  notices: Pick<Notices, 'tellMerchant'>
  settings: Settings
}>

const batchMax = 500

const facts: Readonly<Record<AlertEvent, Fact>> = {
  open: 'alert-opened', explain: 'alert-explained', rectify: 'alert-rectified', send_back: 'alert-sent-back', escalate: 'alert-escalated',
  not_answered: 'alert-escalated', not_back: 'alert-escalated', back: 'alert-closed', close: 'alert-closed'
}

/** What the merchant is told by SMS of what others did; its own acts it knows. */
const told: Readonly<Partial<Record<AlertEvent, (title: string, until: string) => string>>> = {
  open: (title, until) => `贵商户「${title}」达到预警线,请在 ${until} 前登录商户端查看数据来源,说明情况或者自行整改。`,
  send_back: (title, until) => `贵商户「${title}」预警的说明或整改未被接受,请在 ${until} 前补充。`,
  escalate: (title) => `贵商户「${title}」预警已转入常规监管程序,请配合处理。`,
  not_answered: (title) => `贵商户「${title}」预警逾期未答复,已转入常规监管程序。`,
  not_back: (title) => `贵商户「${title}」预警整改后数据未恢复,已转入常规监管程序。`,
  close: (title) => `贵商户「${title}」预警已办结。`,
  back: (title) => `贵商户「${title}」预警的数据已恢复正常,预警已关闭,不作处理。`
}

type Said = Readonly<{ by: AlertActor; personId: Caller['personId'] | null; text: string | null }>

const service: Said = { by: 'service', personId: null, text: null }

/** Alerts and how they move (procedure/rules.ts): each move is kept with what was said, has its evidence, and is told. */
export const createAlerts = ({ work, clock, evidence, merchants, notices, settings }: Dependencies) => {
  const record = async (tx: Tx, alert: AlertRecord, from: AlertRecord['state'] | null, event: AlertEvent, { by, personId, text }: Said, reading: Reading, at: Date): Promise<void> => {
    const id = newId('alm', tx.office)
    const { day, value } = reading
    await insertMove(tx, alert, id, { event, from, to: alert.state, outcome: alert.outcome, by, personId, at, text, day, value })
    await evidence.appendFact(tx, {
      fact: facts[event], subject: alert.id, merchantId: alert.merchantId, occurredAt: at,
      payload: {
        indicator: alert.indicator, event, by, state: alert.state, ...(alert.outcome === null ? {} : { outcome: alert.outcome }), day, ...(value === null ? {} : { value }),
        // The move's id is kept beside its text and opens the commitment.
        ...(text === null ? {} : { move: id, textCommitment: commitment(id, text) })
      }
    })
    const words = told[event]
    if (words) await tell(tx, alert.merchantId, { key: id, text: words(indicators[alert.indicator].title.zh, dateOf(alert.answerBy)) })
  }

  /** By SMS, where a contact is known: one merchant without must not hold up the day of all, and its alert stands in its own list. */
  const tell = (tx: Tx, merchantId: AlertRecord['merchantId'], notice: Notice): Promise<void> =>
    notices.tellMerchant(tx, merchantId, notice).catch((error: unknown) => {
      if (!(error instanceof Problem && error.code === notFound.code)) throw error
    })

  /** A reading opens an alert. `rectifyDays`: where it is a first minor fault. In the job's transaction. */
  const open = async (tx: Tx, reading: Reading, { answerDays }: WarningInForce['value'], rectifyDays: number | undefined, at: Date): Promise<void> => {
    const answerBy = after(at, (rectifyDays ?? answerDays) * dayMs)
    const alert: AlertRecord = {
      id: newId('alr', tx.office), merchantId: reading.merchantId, indicator: reading.indicator, state: 'open', day: reading.day, openedAt: at,
      isFirstMinor: rectifyDays !== undefined, answerBy, changedAt: at, dueAt: answerBy, closedAt: null, outcome: null
    }
    await insertAlert(tx, alert)
    await record(tx, alert, null, 'open', service, reading, at)
  }

  /** One step of an alert that is locked. As the worker. */
  const take = async (tx: Tx, before: AlertRecord, event: AlertEvent, said: Said, reading: Reading, at: Date): Promise<AlertRecord> => {
    const { district } = await merchants.find(tx, before.merchantId)
    const { value: { answerDays, confirmDays, indicators: all } } = await settings.warning(tx, district, dateOf(at))
    const check = after(at, (all[before.indicator].days + confirmDays) * dayMs)
    const alert = moved(before, step(before, event, said.by, at), at, {
      answer: after(at, answerDays * dayMs), check: check > before.answerBy ? check : before.answerBy
    })
    await updateAlert(tx, alert)
    await record(tx, alert, before.state, event, said, reading, at)
    return alert
  }

  /** What a day's reading means for an alert that is open and locked: figures that are well again close a first minor fault. */
  const look = async (tx: Tx, alert: AlertRecord, reading: Reading, confirmDays: number, at: Date): Promise<void> => {
    if (alert.isFirstMinor && alert.state !== 'escalated' && isBack(reading, dateOf(alert.changedAt), confirmDays)) await take(tx, alert, 'back', service, reading, at)
    else if (alert.state === 'rectified' && alert.dueAt === null && reading.level === 'alert') await take(tx, alert, 'not_back', service, reading, at)
  }

  const newestReading = async (tx: Tx, { merchantId, indicator, day }: AlertRecord): Promise<Reading> => {
    const reading = await findReading(tx, merchantId, indicator, await findDayOf(tx, merchantId) ?? day)
    invariant(reading, 'an alert has a reading')
    return reading
  }

  const fallDue = (office: number, id: AlertId, at: Date): Promise<void> => work.write(worker, office, async (tx) => {
    const alert = await lockAlert(tx, id)
    if (!alert?.dueAt || alert.dueAt > at) return
    const reading = await newestReading(tx, alert)
    if (alert.state === 'open') await take(tx, alert, 'not_answered', service, reading, at)
    else if (reading.level === 'alert') await take(tx, alert, 'not_back', service, reading, at)
    // The figures are below the line: they are looked at day by day from here on.
    else await updateAlert(tx, { ...alert, dueAt: null })
  })

  /** Takes up what was not answered, or did not come back, in its time. */
  const runDue = async (office: number, at: Date): Promise<void> => {
    for (;;) {
      const due = await work.read(worker, office, (tx) => listDueAlerts(tx, at, batchMax))
      for (const id of due) await fallDue(office, id, at)
      if (due.length < batchMax) return
    }
  }

  const actorIn = ({ end }: Caller): AlertActor => (end === 'merchant' ? 'merchant' : 'bureau')

  const viewOf = ({ dueAt: _, ...alert }: AlertRecord): Alert => ({ ...alert, title: indicators[alert.indicator].title })

  const find = async (tx: Tx, caller: Caller, id: AlertId): Promise<AlertRecord> => {
    const alert = await findAlert(tx, id)
    if (!alert) throw notFound({})
    if (caller.end === 'merchant') merchants.checkOwner(caller, alert.merchantId)
    return alert
  }

  /** An alert with the figures that opened it, those of now, and all that happened to it. @throws not_found (404), forbidden (403) for a cashier */
  const show = (caller: Caller, id: AlertId): Promise<AlertDetail> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => detailOf(tx, caller, await find(tx, caller, id)))

  const detailOf = async (tx: Tx, caller: Caller, alert: AlertRecord): Promise<AlertDetail> => {
    const opened = await findReading(tx, alert.merchantId, alert.indicator, alert.day)
    invariant(opened, 'an alert has a reading')
    return {
      ...viewOf(alert), definition: indicators[alert.indicator].definition, opened, now: await newestReading(tx, alert), moves: await listMoves(tx, alert.id),
      may: caller.end === 'notary' ? [] : eventsOf(alert, actorIn(caller), clock.now())
    }
  }

  /**
   * The merchant's owner, or the bureau, moves an alert, with words that are kept.
   * @throws not_found (404), forbidden (403), wrong_state (409), rectification_open (409)
   */
  const move = (caller: Caller, id: AlertId, event: AlertEvent, text: string): Promise<AlertDetail> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      await find(tx, caller, id)
      const alert = await inRole(tx, 'worker', async (tx) => {
        const before = await lockAlert(tx, id)
        invariant(before, 'an alert is never deleted')
        return take(tx, before, event, { by: actorIn(caller), personId: caller.personId, text }, await newestReading(tx, before), clock.now())
      })
      return detailOf(tx, caller, alert)
    })

  /** The alerts that the caller may see, newest first: a merchant's owner its own. @throws forbidden (403) for a cashier */
  const list = async (caller: Caller, query: AlertQuery): Promise<PageOf<Alert>> => {
    if (caller.end === 'merchant') merchants.checkOwner(caller, caller.merchantId)
    if (caller.office === undefined) throw forbidden({})
    const rows = await work.read(actorOf(caller), caller.office, (tx) => listAlerts(tx, query, positionOf(query, AlertId), query.limit + 1))
    const page = pageOf(rows, query, ({ id }) => id)
    return { ...page, items: page.items.map(viewOf) }
  }

  return { open, look, runDue, show, move, list, viewOf }
}

export type Alerts = ReturnType<typeof createAlerts>
