import { z } from 'zod'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { addDays, BusinessDate, dateOf } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { forbidden, validationFailed } from '../kernel/problems.js'
import { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import type { Alerts } from './alerts.js'
import { Indicator, type DefinitionQuery, type IndicatorDefinition, type IndicatorDefinitions, type IndicatorValue, type MinorFaults, type Portrait, type PortraitLine, type PortraitQuery, type Reading, type ReadingsQuery, type SourcePage, type SourceQuery } from './model.js'
import { noFiguresYet } from './problems.js'
import { indicators, movedFigures, traceOf, type Selection } from './rules.js'
import type { Settings } from './settings.js'
import { findDayOf, findLastDay, findReading, listAlerts, listDay, listReadings, listSeries, listSources, recount } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Pick<Offices, 'resolve'>
  merchants: Pick<Merchants, 'find' | 'checkOwner'>
  settings: Settings
  alerts: Pick<Alerts, 'viewOf'>
}>

const comparedDays = 28
const openAlertsMax = 100

const SourceAfter = z.object({ at: z.iso.datetime(), id: z.string().regex(/^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/) })
const DayPosition = z.object({ merchantId: MerchantId, indicator: Indicator })

/** The figures for those who watch over merchants, and each merchant's own for itself. */
export const createWarnings = ({ work, clock, offices, merchants, settings, alerts }: Dependencies) => {
  /** What is measured, and from where on it matters, by the settings of today. @throws office_required (422), not_found (404) */
  const definitions = async (caller: Caller, { officeId, district }: DefinitionQuery): Promise<IndicatorDefinitions> => {
    const office = await offices.resolve(officeId, caller)
    return work.read(actorOf(caller), office.number, async (tx) => {
      const today = dateOf(clock.now())
      const { value, source, validFrom, isOverdue } = await settings.warning(tx, district ?? office.district, today)
      const { value: { faults } } = await settings.leniency(tx, district ?? office.district, today)
      const items = Indicator.options.map((indicator): IndicatorDefinition => {
        const { title, definition, unit, direction, figures } = indicators[indicator]
        return {
          indicator, title, definition, unit, direction, setting: value.indicators[indicator], minorFault: faults.some((fault) => fault.indicator === indicator),
          figures: Object.entries(figures).map(([name, figure]) => ({ name, ...figure }))
        }
      })
      return { source, validFrom, isOverdue, answerDays: value.answerDays, confirmDays: value.confirmDays, quietDays: value.quietDays, items }
    })
  }

  /** First minor faults that close by rectification, as the list stands today. @throws office_required (422), not_found (404) */
  const minorFaults = async (caller: Caller, { officeId, district }: DefinitionQuery): Promise<MinorFaults> => {
    const office = await offices.resolve(officeId, caller)
    return work.read(actorOf(caller), office.number, async (tx) => {
      const { value, source, validFrom, isOverdue } = await settings.leniency(tx, district ?? office.district, dateOf(clock.now()))
      return { source, validFrom, isOverdue, ...value }
    })
  }

  const asOwner = (caller: Caller, merchantId: MerchantId): void => {
    if (caller.end === 'merchant') merchants.checkOwner(caller, merchantId)
  }

  const dayOf = async (tx: Tx, merchantId: MerchantId, day: string | undefined): Promise<string> => {
    const found = await findDayOf(tx, merchantId, day)
    if (found === undefined || (day !== undefined && found !== day)) throw noFiguresYet({})
    return found
  }

  const lineOf = (now: Reading, then: Reading | undefined): PortraitLine => ({
    indicator: now.indicator, title: indicators[now.indicator].title, unit: indicators[now.indicator].unit, now, then: then ?? null,
    change: now.value === null || then?.value === null || then === undefined ? null : now.value - then.value,
    moved: then ? movedFigures(now.indicator, then.figures, now.figures) : []
  })

  /**
   * A merchant's indicators on a day, against another day: what moved, and which source figures moved it.
   * @throws not_found (404), no_figures_yet (404), forbidden (403) for a cashier
   */
  const portrait = (caller: Caller, merchantId: MerchantId, query: PortraitQuery): Promise<Portrait> => {
    asOwner(caller, merchantId)
    return work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      const { name, category, district, status } = await merchants.find(tx, merchantId)
      const day = await dayOf(tx, merchantId, query.day)
      const wanted = query.against ?? addDays(day, -comparedDays)
      const against = await findDayOf(tx, merchantId, wanted)
      const before = against === undefined ? [] : await listReadings(tx, merchantId, against)
      const readings = await listReadings(tx, merchantId, day)
      const open = await listAlerts(tx, { merchantId, closed: 'false', limit: openAlertsMax }, undefined, openAlertsMax)
      return {
        merchantId, name, category, district, status, day, against: against ?? wanted,
        indicators: readings.map((reading) => lineOf(reading, before.find(({ indicator }) => indicator === reading.indicator))),
        openAlerts: open.map(alerts.viewOf)
      }
    })
  }

  /** One indicator of a merchant over time, newest day first. @throws not_found (404), forbidden (403) for a cashier */
  const series = (caller: Caller, merchantId: MerchantId, indicator: Indicator, query: Readonly<{ limit: number; cursor?: string | undefined }>): Promise<PageOf<IndicatorValue>> => {
    asOwner(caller, merchantId)
    return work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      await merchants.find(tx, merchantId)
      return pageOf(await listSeries(tx, merchantId, indicator, positionOf(query, BusinessDate), query.limit + 1), query, ({ day }) => day)
    })
  }

  const selectionFor = (reading: Reading, figure: string | undefined): { figure: string; selection: Selection } => {
    const traced = Object.entries(indicators[reading.indicator].figures).flatMap(([name, one]) => (one.traced ? [name] : []))
    const name = figure ?? traced[0] ?? ''
    const selection = traced.includes(name) ? traceOf(reading, name) : undefined
    if (!selection) throw validationFailed({ errors: [{ path: 'figure', message: { zh: `须为以下之一:${traced.join('、')}`, en: `must be one of ${traced.join(', ')}` } }] })
    return { figure: name, selection }
  }

  /**
   * The rows behind a figure, newest first, and the figure counted again from them.
   * @throws not_found (404), no_figures_yet (404), validation_failed (422) for a figure that has none, forbidden (403) for a cashier
   */
  const sources = (caller: Caller, merchantId: MerchantId, indicator: Indicator, query: SourceQuery): Promise<SourcePage> => {
    asOwner(caller, merchantId)
    return work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      await merchants.find(tx, merchantId)
      const day = await dayOf(tx, merchantId, query.day)
      const reading = await findReading(tx, merchantId, indicator, day)
      if (!reading) throw noFiguresYet({})
      const { figure, selection } = selectionFor(reading, query.figure)
      const value = reading.figures[figure] ?? 0n
      const recounted = await recount(tx, merchantId, selection)
      const rows = await listSources(tx, merchantId, selection, positionOf(query, SourceAfter), query.limit + 1)
      return { indicator, figure, day, value, recounted, agree: value === recounted, ...pageOf(rows, query, ({ at, id }) => ({ at: at.toISOString(), id })) }
    })
  }

  /** A day's values of all merchants of the office, newest merchants first. @throws forbidden (403) */
  const readings = (caller: Caller, query: ReadingsQuery): Promise<PageOf<IndicatorValue>> => {
    if (caller.office === undefined) throw forbidden({})
    return work.read(actorOf(caller), caller.office, async (tx) => {
      const day = query.day ?? await findLastDay(tx)
      if (day === undefined) return { items: [], nextCursor: null }
      const rows = await listDay(tx, day, query, positionOf(query, DayPosition), query.limit + 1)
      return pageOf(rows, query, ({ merchantId, indicator }) => ({ merchantId, indicator }))
    })
  }

  return { definitions, minorFaults, portrait, series, sources, readings }
}

export type Warnings = ReturnType<typeof createWarnings>
