import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, lte, max, min, sql } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf, type Id } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import type { AlertId, AlertMove, AlertQuery, AlertRecord, Facts, Indicator, Level, Reading, SourceKind, SourceRow } from './model.js'
import type { Selection } from './rules.js'
import { alertMoves, alerts, indicatorValues, warningDays } from './table.js'

// ---- days

/** The newest day whose figures are made. */
export const findLastDay = async ({ db, office }: Tx): Promise<string | undefined> =>
  (await db.select({ day: max(warningDays.day) }).from(warningDays).where(eq(warningDays.officeId, office)))[0]?.day ?? undefined

/** Takes a day to make its figures, if nobody else has; one that is being made by another process is waited for. */
export const takeDay = async ({ db, office }: Tx, day: string, madeAt: Date): Promise<boolean> =>
  (await db.insert(warningDays).values({ officeId: office, day, madeAt }).onConflictDoNothing().returning({ day: warningDays.day })).length > 0

// ---- figures of all merchants of a district's setting at once

type Counted<Row> = Map<MerchantId, Row>

const byMerchant = async <Row extends { merchantId: string }>({ client, office }: Tx, text: string, values: readonly unknown[]): Promise<Counted<Row>> => {
  const { rows } = await client.query<Row>(text, [office, ...values])
  return new Map(rows.map((row) => [idOf('mer', row.merchantId), row]))
}

/** Merchants accepted by an instant whose contracts may still run, by district. */
export const listWatched = async ({ client, office }: Tx, until: Date): Promise<{ id: MerchantId; district: string }[]> =>
  (await client.query<{ id: string; district: string }>(
    "select id, district from merchants where office_id = $1 and status in ('active', 'suspended', 'closing') and (approved_at is null or approved_at < $2) order by id", [office, until]
  )).rows.map(({ id, district }) => ({ id: idOf('mer', id), district }))

type Spans = Readonly<{ from: Date; until: Date }>

/** Visits in a time, and of these those at night. */
export const countNights = (tx: Tx, { from, until }: Spans, night: Readonly<{ from: number; to: number }>) =>
  byMerchant<{ merchantId: string; checkIns: bigint; oddCheckIns: bigint }>(tx, `
    select merchant_id as "merchantId", count(*) as "checkIns", count(*) filter (where ${isNight('at', '$4', '$5')}) as "oddCheckIns"
    from warning_check_ins where office_id = $1 and at >= $2 and at < $3 group by merchant_id`, [from, until, night.from, night.to])

/** Whether an instant is at night in Shanghai: from one hour on until another, over midnight where the first is the later. */
const isNight = (at: string, from: string, to: string): string => {
  const hour = `extract(hour from ${at} at time zone 'Asia/Shanghai')::int`
  return `case when ${from}::int <= ${to}::int then ${hour} >= ${from}::int and ${hour} < ${to}::int else ${hour} >= ${from}::int or ${hour} < ${to}::int end`
}

/** The most visits that one cashier scanned at one venue within some seconds; of several such times, the first. */
export const countFastest = (tx: Tx, { from, until }: Spans, seconds: number) =>
  byMerchant<{ merchantId: string; fastest: bigint; at: Date; cashier: string | null; venueId: string }>(tx, `
    select distinct on (merchant_id) merchant_id as "merchantId", n as fastest, at, cashier, venue_id as "venueId" from (
      select merchant_id, at, cashier, venue_id,
        count(*) over (partition by merchant_id, venue_id, cashier order by at range between make_interval(secs => $4::int) preceding and current row) as n
      from warning_check_ins where office_id = $1 and at >= $2 and at < $3) one
    order by merchant_id, n desc, at, cashier, venue_id`, [from, until, seconds])

/** The most contracts that one phone redeemed. */
export const countShared = (tx: Tx, { from, until }: Spans) =>
  byMerchant<{ merchantId: string; contracts: bigint; phone: string }>(tx, `
    select distinct on (merchant_id) merchant_id as "merchantId", n as contracts, phone from (
      select merchant_id, phone, count(distinct contract_id) as n from warning_check_ins
      where office_id = $1 and at >= $2 and at < $3 group by merchant_id, phone) one
    order by merchant_id, n desc, phone`, [from, until])

/** Sales and visits in a time, and in as long a time before. */
export const countSurge = (tx: Tx, { before, from, until }: Spans & Readonly<{ before: Date }>) =>
  byMerchant<{ merchantId: string; salesFen: bigint; salesBeforeFen: bigint; checkIns: bigint; checkInsBefore: bigint }>(tx, `
    select merchant_id as "merchantId",
      coalesce(sum(amount_fen) filter (where sale and at >= $3), 0)::bigint as "salesFen", coalesce(sum(amount_fen) filter (where sale and at < $3), 0)::bigint as "salesBeforeFen",
      count(*) filter (where not sale and at >= $3) as "checkIns", count(*) filter (where not sale and at < $3) as "checkInsBefore"
    from (
      select merchant_id, at, amount_fen, true as sale from warning_sales where office_id = $1 and at >= $2 and at < $4
      union all
      select merchant_id, at, 0, false from warning_check_ins where office_id = $1 and at >= $2 and at < $4) both_kinds
    group by merchant_id`, [before, from, until])

const views = { check_in: 'warning_check_ins', sale: 'warning_sales', refund: 'warning_refunds', dispute: 'warning_disputes', payout_return: 'warning_payout_returns' } as const

/** How many there were of a kind in a time. */
export const countOf = async (tx: Tx, kind: 'refund' | 'dispute' | 'payout_return', { from, until }: Spans): Promise<Counted<{ count: bigint }>> =>
  byMerchant<{ merchantId: string; count: bigint }>(tx, `
    select merchant_id as "merchantId", count(*) as count from ${views[kind]} where office_id = $1 and at >= $2 and at < $3 group by merchant_id`, [from, until])

/** Contracts as they stood at an instant, of all merchants or of one: balances as they are now, less what moved since. */
const standingAt = (until: string, merchant?: string): string => `
  since as materialized (
    select contract_id, sum(credit_fen) as all_fen, coalesce(sum(credit_fen) filter (where kind in ('held', 'disputed')), 0) as capped_fen
    from warning_movements where office_id = $1 and booked_at >= ${until} ${merchant === undefined ? '' : `and merchant_id = ${merchant}`} group by contract_id),
  standing as (
    select k.merchant_id, k.id, k.paid_at, k.ended_at, k.state, k.person,
      (k.balance_fen - coalesce(s.all_fen, 0))::bigint as balance_fen, (k.capped_fen - coalesce(s.capped_fen, 0))::bigint as capped_fen
    from warning_contracts k left join since s on s.contract_id = k.id
    where k.office_id = $1 and k.paid_at < ${until} ${merchant === undefined ? '' : `and k.merchant_id = ${merchant}`})`

/** What contracts hold at an instant, by person too, and how many were open at some time since two earlier ones. */
export const countContracts = (tx: Tx, until: Date, refundsFrom: Date, disputesFrom: Date) =>
  byMerchant<{
    merchantId: string; contracts: bigint; balanceFen: bigint; forRefunds: bigint; forDisputes: bigint; persons: bigint; largestBalanceFen: bigint; person: string | null
  }>(tx, `
    with ${standingAt('$2')},
    sums as (
      select merchant_id, count(*) filter (where balance_fen > 0) as contracts, coalesce(sum(balance_fen), 0)::bigint as balance_fen,
        count(*) filter (where ended_at is null or ended_at >= $3) as for_refunds, count(*) filter (where ended_at is null or ended_at >= $4) as for_disputes
      from standing group by merchant_id),
    people as (
      select merchant_id, person, sum(capped_fen)::bigint as fen from standing where capped_fen > 0 group by merchant_id, person),
    largest as (
      select distinct on (merchant_id) merchant_id, person, fen, count(*) over (partition by merchant_id) as persons from people order by merchant_id, fen desc, person)
    select s.merchant_id as "merchantId", contracts, balance_fen as "balanceFen", for_refunds as "forRefunds", for_disputes as "forDisputes",
      coalesce(persons, 0) as persons, coalesce(fen, 0) as "largestBalanceFen", person
    from sums s left join largest l on l.merchant_id = s.merchant_id`, [until, refundsFrom, disputesFrom])

/** The venue whose lease ends first. */
export const findLeaseEnds = (tx: Tx) =>
  byMerchant<{ merchantId: string; venueId: string; leaseUntil: string }>(tx, `
    select distinct on (merchant_id) merchant_id as "merchantId", id as "venueId", lease_until as "leaseUntil"
    from venues where office_id = $1 order by merchant_id, lease_until, id`, [])

// ---- readings

const readingColumns = {
  merchantId: indicatorValues.merchantId, indicator: indicatorValues.indicator, day: indicatorValues.day, value: indicatorValues.value, level: indicatorValues.level,
  alertDays: indicatorValues.alertDays, calmDays: indicatorValues.calmDays, figures: indicatorValues.figures, about: indicatorValues.about,
  watchLine: indicatorValues.watchLine, alertLine: indicatorValues.alertLine, ruleFrom: indicatorValues.ruleFrom, ruleScope: indicatorValues.ruleScope, windowDays: indicatorValues.windowDays
}

type ReadingRow = Omit<Reading, 'figures'> & Readonly<{ figures: Record<string, number> }>

const readingOf = ({ figures, ...row }: ReadingRow): Reading =>
  ({ ...row, figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, BigInt(value)])) })

const numbersIn = (figures: Facts['figures']): Record<string, number> => Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value)]))

const perStatement = 2_000

const insertStatement = officeStatement((office, place) => `
insert into indicator_values (office_id, merchant_id, indicator, day, value, level, alert_days, calm_days, figures, about, watch_line, alert_line, rule_from, rule_scope, window_days)
select ${office}, "merchantId", indicator, day, value, level, "alertDays", "calmDays", figures, about, "watchLine", "alertLine", "ruleFrom", "ruleScope", "windowDays"
from ${place}jsonb_to_recordset($2::jsonb) as r("merchantId" uuid, indicator text, day date, value bigint, level text, "alertDays" int, "calmDays" int,
  figures jsonb, about jsonb, "watchLine" bigint, "alertLine" bigint, "ruleFrom" date, "ruleScope" text, "windowDays" int)`)

/** Writes down a day's readings, thousands at a time. */
export const insertReadings = async ({ client, office }: Tx, readings: readonly Reading[]): Promise<void> => {
  for (let i = 0; i < readings.length; i += perStatement) {
    const rows = readings.slice(i, i + perStatement).map(({ merchantId, value, watchLine, alertLine, figures, ...rest }) => ({
      ...rest, merchantId: uuidOf(merchantId), figures: numbersIn(figures), value: value?.toString() ?? null, watchLine: watchLine?.toString() ?? null, alertLine: alertLine?.toString() ?? null
    }))
    await client.query({ ...insertStatement, values: [office, JSON.stringify(rows)] })
  }
}

/** The counts of days in a row that the readings of a day left. */
export const listCounts = ({ db, office }: Tx, day: string): Promise<Pick<Reading, 'merchantId' | 'indicator' | 'alertDays' | 'calmDays'>[]> =>
  db.select({ merchantId: indicatorValues.merchantId, indicator: indicatorValues.indicator, alertDays: indicatorValues.alertDays, calmDays: indicatorValues.calmDays })
    .from(indicatorValues).where(and(eq(indicatorValues.officeId, office), eq(indicatorValues.day, day)))

const ofMerchant = (office: number, merchantId: MerchantId) => and(eq(indicatorValues.officeId, office), eq(indicatorValues.merchantId, merchantId))

/** The newest day of a merchant's readings, up to one. */
export const findDayOf = async ({ db, office }: Tx, merchantId: MerchantId, upTo?: string): Promise<string | undefined> =>
  (await db.select({ day: max(indicatorValues.day) }).from(indicatorValues)
    .where(and(ofMerchant(office, merchantId), upTo === undefined ? undefined : lte(indicatorValues.day, upTo))))[0]?.day ?? undefined

/** All readings of a merchant on a day. */
export const listReadings = async ({ db, office }: Tx, merchantId: MerchantId, day: string): Promise<Reading[]> =>
  (await db.select(readingColumns).from(indicatorValues).where(and(ofMerchant(office, merchantId), eq(indicatorValues.day, day))).orderBy(asc(indicatorValues.indicator))).map(readingOf)

/** One indicator of a merchant over time, newest first, from before a day. */
export const listSeries = async ({ db, office }: Tx, merchantId: MerchantId, indicator: Indicator, before: string | undefined, limit: number): Promise<Reading[]> =>
  (await db.select(readingColumns).from(indicatorValues)
    .where(and(ofMerchant(office, merchantId), eq(indicatorValues.indicator, indicator), before === undefined ? undefined : lt(indicatorValues.day, before)))
    .orderBy(desc(indicatorValues.day)).limit(limit)).map(readingOf)

export const findReading = async ({ db, office }: Tx, merchantId: MerchantId, indicator: Indicator, day: string): Promise<Reading | undefined> =>
  (await db.select(readingColumns).from(indicatorValues)
    .where(and(ofMerchant(office, merchantId), eq(indicatorValues.indicator, indicator), eq(indicatorValues.day, day)))).map(readingOf)[0]

export type Position = Readonly<{ merchantId: MerchantId; indicator: Indicator }>

/** A day's readings of all merchants, newest merchants first, from below a position. */
export const listDay = async (
  { db, office }: Tx, day: string, { indicator, level }: Readonly<{ indicator?: Indicator | undefined; level?: Level | undefined }>, before: Position | undefined, limit: number
): Promise<Reading[]> =>
  (await db.select(readingColumns).from(indicatorValues).where(and(
    eq(indicatorValues.officeId, office), eq(indicatorValues.day, day), indicator && eq(indicatorValues.indicator, indicator), level && eq(indicatorValues.level, level),
    before && sql`(${indicatorValues.merchantId}, ${indicatorValues.indicator}) < (${uuidOf(before.merchantId)}::uuid, ${before.indicator})`
  )).orderBy(desc(indicatorValues.merchantId), desc(indicatorValues.indicator)).limit(limit)).map(readingOf)

// ---- rows behind a figure

const prefixes = { check_in: 'red', sale: 'ctr', refund: 'ref', dispute: 'dsp', payout_return: 'sti', contract: 'ctr', venue: 'ven' } as const satisfies Record<SourceKind, string>

/** A selection as a statement that gives `id, at, contract_id, venue_id, amount_fen, state, cashier, phone`; $1 is the office, $2 the merchant. */
const statementOf = (selection: Selection, merchantId: MerchantId): { text: string; values: unknown[] } => {
  const values: unknown[] = [uuidOf(merchantId)]
  const bind = (value: unknown): string => { values.push(value); return `$${values.length + 1}` }
  if (selection.of === 'venue') {
    return { text: 'select id, lease_until::timestamp at time zone \'Asia/Shanghai\' as at, null::uuid as contract_id, id as venue_id, null::bigint as amount_fen, null::text as state, null::text as cashier, null::text as phone from venues where office_id = $1 and merchant_id = $2', values }
  }
  if (selection.of === 'contract') {
    const { until, openSince, balance, person } = selection
    const fen = balance === 'capped' ? 'capped_fen' : 'balance_fen'
    return {
      text: `with ${standingAt(bind(until), '$2')}
        select id, paid_at as at, id as contract_id, null::uuid as venue_id, ${fen} as amount_fen, state, null::text as cashier, person as phone from standing
        where ${openSince === undefined ? `${fen} > 0` : `(ended_at is null or ended_at >= ${bind(openSince)})`}
        ${person === undefined ? '' : `and person = ${bind(person)}`}`,
      values
    }
  }
  const { of, from, until, hours, phone, cashier, venueId } = selection
  return {
    text: `select id, at, contract_id, venue_id, amount_fen, state, cashier, phone from ${views[of]}
      where office_id = $1 and merchant_id = $2 and at >= ${bind(from)} and at < ${bind(until)}
      ${phone === undefined ? '' : `and phone = ${bind(phone)}`} ${cashier === undefined ? '' : `and cashier is not distinct from nullif(${bind(cashier)}, '')`}
      ${venueId === undefined ? '' : `and venue_id = ${bind(uuidOf(venueId))}`} ${hours === undefined ? '' : `and ${isNight('at', bind(hours.from), bind(hours.to))}`}`,
    values
  }
}

const totals: Readonly<Record<Selection['counts'], string>> = {
  rows: 'count(*)', amountFen: 'coalesce(sum(amount_fen), 0)::bigint', contracts: 'count(distinct contract_id)', persons: 'count(distinct phone)',
  daysLeft: 'coalesce(min((at at time zone \'Asia/Shanghai\')::date), \'9999-12-31\') - $3::date'
}

/** A figure counted again from its rows. */
export const recount = async ({ client, office }: Tx, merchantId: MerchantId, selection: Selection): Promise<bigint> => {
  const { text, values } = statementOf(selection, merchantId)
  const { rows: [row] } = await client.query<{ total: bigint | number }>(
    `select ${totals[selection.counts]} as total from (${text}) r`, [office, ...values, ...(selection.of === 'venue' ? [selection.day] : [])])
  return BigInt(row?.total ?? 0)
}

type SourceRecord = Readonly<{ id: string; at: Date; contract_id: string | null; venue_id: string | null; amount_fen: bigint | null; state: string | null; cashier: string | null; phone: string | null }>

export type SourcePosition = Readonly<{ at: string; id: string }>

/** The rows behind a figure, newest first, from behind a position. */
export const listSources = async ({ client, office }: Tx, merchantId: MerchantId, selection: Selection, after: SourcePosition | undefined, limit: number): Promise<SourceRow[]> => {
  const { text, values } = statementOf(selection, merchantId)
  const count = values.length + 1
  const { rows } = await client.query<SourceRecord>(
    `select * from (${text}) r where ($${count + 1}::timestamptz is null or (at, id) < ($${count + 1}::timestamptz, $${count + 2}::uuid)) order by at desc, id desc limit $${count + 3}`,
    [office, ...values, after?.at ?? null, after ? uuidOf(after.id) : null, limit])
  return rows.map((row) => ({
    id: idOf(prefixes[selection.of], row.id), kind: selection.of, at: row.at, contractId: row.contract_id && idOf('ctr', row.contract_id), venueId: row.venue_id && idOf('ven', row.venue_id),
    amountFen: row.amount_fen, state: row.state, cashier: row.cashier, phone: row.phone
  }))
}

// ---- alerts

const alertColumns = {
  id: alerts.id, merchantId: alerts.merchantId, indicator: alerts.indicator, state: alerts.state, day: alerts.day, openedAt: alerts.openedAt, isFirstMinor: alerts.isFirstMinor,
  answerBy: alerts.answerBy, changedAt: alerts.changedAt, dueAt: alerts.dueAt, closedAt: alerts.closedAt, outcome: alerts.outcome
}

const byId = (office: number, id: AlertId) => and(eq(alerts.officeId, office), eq(alerts.id, id))

export const insertAlert = async ({ db, office }: Tx, alert: AlertRecord): Promise<void> => {
  await db.insert(alerts).values({ ...alert, officeId: office })
}

export const updateAlert = async ({ db, office }: Tx, { id, ...alert }: AlertRecord): Promise<void> => {
  await db.update(alerts).set(alert).where(byId(office, id))
}

export const findAlert = async ({ db, office }: Tx, id: AlertId): Promise<AlertRecord | undefined> =>
  (await db.select(alertColumns).from(alerts).where(byId(office, id)))[0]

export const lockAlert = async ({ db, office }: Tx, id: AlertId): Promise<AlertRecord | undefined> =>
  (await db.select(alertColumns).from(alerts).where(byId(office, id)).for('update'))[0]

/** Newest first, from below a position. */
export const listAlerts = ({ db, office }: Tx, { merchantId, indicator, state, closed }: AlertQuery, before: AlertId | undefined, limit: number): Promise<AlertRecord[]> =>
  db.select(alertColumns).from(alerts).where(and(
    eq(alerts.officeId, office), merchantId && eq(alerts.merchantId, merchantId), indicator && eq(alerts.indicator, indicator), state && eq(alerts.state, state),
    closed && (closed === 'true' ? isNotNull(alerts.closedAt) : isNull(alerts.closedAt)), before && lt(alerts.id, before)
  )).orderBy(desc(alerts.id)).limit(limit)

/** All that are open, locked, in one order. */
export const lockOpenAlerts = ({ db, office }: Tx): Promise<AlertRecord[]> =>
  db.select(alertColumns).from(alerts).where(and(eq(alerts.officeId, office), isNull(alerts.closedAt))).orderBy(asc(alerts.id)).for('update')

/** Those that the service is to look at by an instant. */
export const listDueAlerts = async ({ db, office }: Tx, at: Date, limit: number): Promise<AlertId[]> =>
  (await db.select({ id: alerts.id }).from(alerts).where(and(eq(alerts.officeId, office), lte(alerts.dueAt, at))).orderBy(asc(alerts.dueAt), asc(alerts.id)).limit(limit)).map(({ id }) => id)

export const findNextDue = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(alerts.dueAt) }).from(alerts).where(eq(alerts.officeId, office)))[0]?.dueAt ?? null

export type Past = Readonly<{ openedOn: string; closedAt: Date | null }>

/** When each of these merchants had an alert of an indicator last. */
export const listPast = async ({ db, office }: Tx, merchantIds: readonly MerchantId[]): Promise<Map<string, Past>> => {
  if (merchantIds.length === 0) return new Map()
  const rows = await db.select({ merchantId: alerts.merchantId, indicator: alerts.indicator, openedOn: max(alerts.day), closedAt: sql<Date | null>`max(${alerts.closedAt})`.mapWith(alerts.closedAt) })
    .from(alerts).where(and(eq(alerts.officeId, office), inArray(alerts.merchantId, [...merchantIds]))).groupBy(alerts.merchantId, alerts.indicator)
  return new Map(rows.flatMap(({ merchantId, indicator, openedOn, closedAt }) => (openedOn === null ? [] : [[pairOf({ merchantId, indicator }), { openedOn, closedAt }]])))
}

/** A merchant and an indicator as one key. */
export const pairOf = ({ merchantId, indicator }: Pick<Reading, 'merchantId' | 'indicator'>): string => `${merchantId} ${indicator}`

export const insertMove = async ({ db, office }: Tx, { id: alertId, merchantId }: Pick<AlertRecord, 'id' | 'merchantId'>, id: Id<'alm'>, move: AlertMove): Promise<void> => {
  await db.insert(alertMoves).values({ ...move, officeId: office, id, alertId, merchantId })
}

/** All that happened to an alert, oldest first; without who of an end it was. */
export const listMoves = ({ db, office }: Tx, alertId: AlertId): Promise<Omit<AlertMove, 'personId'>[]> =>
  db.select({
    event: alertMoves.event, from: alertMoves.from, to: alertMoves.to, outcome: alertMoves.outcome, by: alertMoves.by, at: alertMoves.at,
    text: alertMoves.text, day: alertMoves.day, value: alertMoves.value
  }).from(alertMoves).where(and(eq(alertMoves.officeId, office), eq(alertMoves.alertId, alertId))).orderBy(asc(alertMoves.id))
