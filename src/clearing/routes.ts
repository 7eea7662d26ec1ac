import { statementUnreadable } from '../bank/problems.js'
import { channelUnavailable } from '../channels/problems.js'
import { takeUploads } from '../http/spool.js'
import type { Routes } from '../http/types.js'
import { ChannelReport, OfReport, ReportFile, reportMediaTypes } from './model.js'
import { reportContradicts, reportOfAnotherDay } from './problems.js'
import type { ChannelReports } from './service.js'

const tags = ['reconciliation']
const maxBytes = 1_073_741_824

/** Only this call takes files: the others go on refusing them. */
const importRoute = (reports: ChannelReports): Routes => async (app) => {
  takeUploads(app, { mediaTypes: reportMediaTypes, maxBytes })

  app.post('/channels/:channel/reports/:date', {
    schema: {
      operationId: 'importChannelReport', summary: 'Import a payment channel\'s report of a day: CSV, columns by setting', tags,
      consumes: [...reportMediaTypes], params: OfReport, body: ReportFile, response: { 201: ChannelReport }
    },
    config: { access: ['notary'], idempotent: true, problems: [channelUnavailable, statementUnreadable, reportOfAnotherDay, reportContradicts] }
  }, async ({ command, params: { channel, date }, body }, reply) => {
    reply.code(201)
    return reports.importReport(command, channel, date, body)
  })
}

export const channelReportRoutes = (reports: ChannelReports): Routes => async (app) => {
  await app.register(importRoute(reports))

  app.get('/channels/:channel/reports/:date', {
    schema: { operationId: 'getChannelReport', summary: 'A channel\'s report of a day against the books, and what does not agree', tags, params: OfReport, response: { 200: ChannelReport } },
    config: { access: ['notary', 'bureau'] }
  }, async ({ caller, params: { channel, date } }) => reports.find(caller, channel, date))
}
