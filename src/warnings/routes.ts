import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page, PageQuery } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { MerchantId } from '../merchants/model.js'
import { officeRequired } from '../offices/problems.js'
import type { Alerts } from './alerts.js'
import { Alert, AlertDetail, AlertId, AlertQuery, DefinitionQuery, IndicatorDefinitions, IndicatorParams, IndicatorValue, MinorFaults, Portrait, PortraitQuery, ReadingsQuery, SourcePage, SourceQuery, Statement } from './model.js'
import { noFiguresYet, rectificationOpen } from './problems.js'
import type { Warnings } from './service.js'

const tags = ['warnings']
const readers = ['bureau', 'notary', 'merchant'] as const
const params = z.object({ id: MerchantId })
const alertParams = z.object({ id: AlertId })

const moves = [
  { event: 'explain', path: 'explain', operationId: 'explainAlert', summary: 'The merchant explains an alert', access: ['merchant'], problems: [wrongState] },
  { event: 'rectify', path: 'rectify', operationId: 'rectifyAlert', summary: 'The merchant says what it put right, and how that can be seen', access: ['merchant'], problems: [wrongState] },
  { event: 'send_back', path: 'send-back', operationId: 'sendBackAlert', summary: 'An explanation or rectification is not enough: the merchant answers again', access: ['bureau'], problems: [wrongState] },
  { event: 'escalate', path: 'escalate', operationId: 'escalateAlert', summary: 'Take an alert up the normal way; not a first minor fault that may still be put right', access: ['bureau'], problems: [wrongState, rectificationOpen] },
  { event: 'close', path: 'close', operationId: 'closeAlert', summary: 'Close an alert: accepted, rectified, dismissed or dealt with, by its state', access: ['bureau'], problems: [wrongState] }
] as const

export const warningRoutes = (warnings: Warnings, alerts: Alerts): Routes => async (app) => {
  app.get('/audit/indicators', {
    schema: { operationId: 'listIndicators', summary: 'What is measured of merchants, and from where on it matters', tags, querystring: DefinitionQuery, response: { 200: IndicatorDefinitions } },
    config: { access: readers, problems: [officeRequired] }
  }, async ({ caller, query }) => warnings.definitions(caller, query))

  app.get('/audit/first-minor-faults', {
    schema: { operationId: 'listMinorFaults', summary: 'First minor faults that close by rectification before anyone is punished', tags, querystring: DefinitionQuery, response: { 200: MinorFaults } },
    config: { access: readers, problems: [officeRequired] }
  }, async ({ caller, query }) => warnings.minorFaults(caller, query))

  app.get('/audit/indicator-values', {
    schema: { operationId: 'listIndicatorValues', summary: 'A day\'s values of all merchants, by indicator and level', tags, querystring: ReadingsQuery, response: { 200: Page(IndicatorValue) } },
    config: { access: ['bureau', 'notary'] }
  }, async ({ caller, query }) => warnings.readings(caller, query))

  app.get('/merchants/:id/portrait', {
    schema: { operationId: 'getMerchantPortrait', summary: 'A merchant\'s indicators now, how each moved and which source figures moved it', tags, params, querystring: PortraitQuery, response: { 200: Portrait } },
    config: { access: readers, problems: [noFiguresYet] }
  }, async ({ caller, params: { id }, query }) => warnings.portrait(caller, id, query))

  app.get('/merchants/:id/indicators/:indicator', {
    schema: { operationId: 'listIndicatorSeries', summary: 'One indicator of a merchant over time, newest day first', tags, params: IndicatorParams, querystring: PageQuery, response: { 200: Page(IndicatorValue) } },
    config: { access: readers }
  }, async ({ caller, params: { id, indicator }, query }) => warnings.series(caller, id, indicator, query))

  app.get('/merchants/:id/indicators/:indicator/sources', {
    schema: { operationId: 'listIndicatorSources', summary: 'The rows behind a figure, and the figure counted again from them', tags, params: IndicatorParams, querystring: SourceQuery, response: { 200: SourcePage } },
    config: { access: readers, problems: [noFiguresYet] }
  }, async ({ caller, params: { id, indicator }, query }) => warnings.sources(caller, id, indicator, query))

  app.get('/alerts', {
    schema: { operationId: 'listAlerts', summary: 'Alerts, newest first: a merchant\'s own, or the office\'s', tags, querystring: AlertQuery, response: { 200: Page(Alert) } },
    config: { access: readers }
  }, async ({ caller, query }) => alerts.list(caller, query))

  app.get('/alerts/:id', {
    schema: { operationId: 'getAlert', summary: 'An alert with its figures then and now, and all that happened to it', tags, params: alertParams, response: { 200: AlertDetail } },
    config: { access: readers }
  }, async ({ caller, params: { id } }) => alerts.show(caller, id))

  for (const { event, path, operationId, summary, access, problems } of moves) {
    app.post(`/alerts/:id/${path}`, {
      schema: { operationId, summary, tags, params: alertParams, body: Statement, response: { 200: AlertDetail } },
      config: { access, problems }
    }, async ({ caller, params: { id }, body }) => alerts.move(caller, id, event, body.text))
  }
}
