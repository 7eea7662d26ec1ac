import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { PlainText } from '../merchants/model.js'
import { AdvanceClock, SandboxMessages, SandboxTime } from './model.js'
import type { SandboxSms, SandboxTimeService } from './service.js'

/** The messages and the clock of the sandbox; app.ts registers them in no other mode. */
export const sandboxRoutes = ({ sms, time }: { sms: SandboxSms; time: SandboxTimeService }): Routes => async (app) => {
  app.get('/sandbox/messages', {
    schema: {
      operationId: 'listSandboxMessages',
      summary: 'SMS sent so far, newest first (the last 1,000)',
      tags: ['sandbox'],
      querystring: z.object({ phone: PlainText.optional() }),
      response: { 200: SandboxMessages }
    },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ query }) => sms.list(query.phone))

  app.get('/sandbox/clock', {
    schema: { operationId: 'getSandboxClock', summary: 'The service\'s time', tags: ['sandbox'], response: { 200: SandboxTime } },
    config: { access: 'public', ignoresBadToken: true }
  }, async () => time.now())

  app.post('/sandbox/clock', {
    schema: {
      operationId: 'advanceSandboxClock',
      summary: 'Move the service\'s time forward; every job due by then has run when it answers',
      tags: ['sandbox'],
      body: AdvanceClock,
      response: { 200: SandboxTime }
    },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ body }) => time.advance(body))
}
