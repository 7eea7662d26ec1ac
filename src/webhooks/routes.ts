import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { DeliveryDetail, DeliveryFilter, EndpointChange, NewEndpoint, NewEndpointAnswer, NewSecret, Replay, ReplayAnswer, WebhookDelivery, WebhookDeliveryId, WebhookEndpoint, WebhookEndpointId } from './model.js'
import { tooManyEndpoints } from './problems.js'
import type { Webhooks } from './service.js'

const tags = ['webhooks']
const OfEndpoint = z.object({ id: WebhookEndpointId })
const OfDelivery = z.object({ id: WebhookDeliveryId })
const NoContent = z.undefined()
const access = ['merchant', 'bureau'] as const

/** For a merchant's owner and the bureau. */
export const webhookRoutes = (webhooks: Webhooks): Routes => async (app) => {
  app.post('/webhook-endpoints', {
    schema: { operationId: 'createWebhookEndpoint', summary: 'Register an address that events are sent to (Standard Webhooks); tells its secret', tags, body: NewEndpoint, response: { 201: NewEndpointAnswer } },
    config: { access, problems: [tooManyEndpoints] }
  }, async ({ caller, body }, reply) => {
    reply.code(201)
    return webhooks.create(caller, body)
  })

  app.get('/webhook-endpoints', {
    schema: { operationId: 'listWebhookEndpoints', summary: 'The caller\'s endpoints, oldest first', tags, response: { 200: Page(WebhookEndpoint) } },
    config: { access }
  }, async ({ caller }) => webhooks.list(caller))

  app.get('/webhook-endpoints/:id', {
    schema: { operationId: 'getWebhookEndpoint', summary: 'One endpoint', tags, params: OfEndpoint, response: { 200: WebhookEndpoint } },
    config: { access }
  }, async ({ caller, params }) => webhooks.find(caller, params.id))

  app.put('/webhook-endpoints/:id', {
    schema: { operationId: 'changeWebhookEndpoint', summary: 'Change an endpoint, or switch it on or off', tags, params: OfEndpoint, body: EndpointChange, response: { 200: WebhookEndpoint } },
    config: { access }
  }, async ({ caller, params, body }) => webhooks.change(caller, params.id, body))

  app.delete('/webhook-endpoints/:id', {
    schema: { operationId: 'deleteWebhookEndpoint', summary: 'Take an endpoint away', tags, params: OfEndpoint, response: { 204: NoContent } },
    config: { access }
  }, async ({ caller, params }, reply) => {
    await webhooks.remove(caller, params.id)
    reply.code(204)
  })

  app.post('/webhook-endpoints/:id/secret', {
    schema: { operationId: 'rotateWebhookSecret', summary: 'A new secret; the one before signs as well for a day', tags, params: OfEndpoint, response: { 200: NewSecret } },
    config: { access }
  }, async ({ caller, params }) => webhooks.rotate(caller, params.id))

  app.post('/webhook-endpoints/:id/ping', {
    schema: { operationId: 'pingWebhookEndpoint', summary: 'Have a ping sent', tags, params: OfEndpoint, response: { 201: WebhookDelivery } },
    config: { access }
  }, async ({ caller, params }, reply) => {
    reply.code(201)
    return webhooks.ping(caller, params.id)
  })

  app.get('/webhook-endpoints/:id/deliveries', {
    schema: { operationId: 'listWebhookDeliveries', summary: 'What was sent to an endpoint, or is to be, newest first; of the last 30 days', tags, params: OfEndpoint, querystring: DeliveryFilter, response: { 200: Page(WebhookDelivery) } },
    config: { access }
  }, async ({ caller, params, query }) => webhooks.deliveries(caller, params.id, query))

  app.post('/webhook-endpoints/:id/replay', {
    schema: { operationId: 'replayDeadWebhooks', summary: 'Send all again that was given up, up to 1,000 at a time', tags, params: OfEndpoint, body: Replay, response: { 200: ReplayAnswer } },
    config: { access }
  }, async ({ caller, params, body }) => webhooks.replayDead(caller, params.id, body))

  app.get('/webhook-deliveries/:id', {
    schema: { operationId: 'getWebhookDelivery', summary: 'A delivery: its event and each try', tags, params: OfDelivery, response: { 200: DeliveryDetail } },
    config: { access }
  }, async ({ caller, params }) => webhooks.delivery(caller, params.id))

  app.post('/webhook-deliveries/:id/replay', {
    schema: { operationId: 'replayWebhookDelivery', summary: 'Send a delivery again', tags, params: OfDelivery, response: { 200: WebhookDelivery } },
    config: { access }
  }, async ({ caller, params }) => webhooks.replay(caller, params.id))
}
