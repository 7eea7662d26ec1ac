import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { configOf } from '../../src/config.js'
import { overHttp } from '../process/support.js'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(120_000)
process.env.OTEL_BSP_SCHEDULE_DELAY = '100'
process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment.name=test'

type Attribute = Readonly<{ key: string; value: Record<string, unknown> }>
type ReceivedSpan = Readonly<{
  traceId: string; spanId: string; parentSpanId?: string; name: string; kind: number; startTimeUnixNano: string; endTimeUnixNano: string
  attributes: readonly Attribute[]; links?: readonly { spanId: string }[]; status?: { code?: number }
}>

/** A collector that speaks OTLP over HTTP with JSON, and keeps what it is sent. */
const aCollector = async (t: Test) => {
  const bodies: string[] = []
  const paths = new Set<string>()
  const server = createServer(async (request, response) => {
    paths.add(`${request.method} ${request.url} ${request.headers['content-type']}`)
    bodies.push(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const stop = async (): Promise<void> => { server.close(); server.closeAllConnections() }
  t.teardown(stop)
  const spans = (): ReceivedSpan[] => bodies.flatMap((body) => JSON.parse(body).resourceSpans.flatMap((resource: any) => resource.scopeSpans.flatMap((scope: any) => scope.spans)))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths, bodies, spans, stop,
    until: async (holds: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]> => {
      for (const end = Date.now() + 20_000; ; await sleep(50)) {
        const received = spans()
        if (holds(received)) return received
        if (Date.now() > end) throw new Error(`the spans did not come, but ${received.map(({ name }) => name).join(', ')}`)
      }
    }
  }
}

const valueOf = ({ attributes }: ReceivedSpan, key: string): unknown => Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0]

t.test('a redemption leaves a trace, and nobody is in it', async (t) => {
  const collector = await aCollector(t)
  const service = await startApp(t, { tracing: configOf({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` }).tracing, trustProxy: true })
  const address = await service.app.listen({ port: 0, host: '127.0.0.1' })
  const app = overHttp(address)
  const shop = await newShop(app)
  const consumer = await newConsumer(app, { legalName: '欧阳追踪' })
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  const parent = { trace: 'a'.repeat(32), span: 'b'.repeat(16) }
  const redeemed = expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }, { headers: { traceparent: `00-${parent.trace}-${parent.span}-01` } }), 201)
  await consumer.get(`/redemptions?contractId=${contractId}`)
  await app.nobody.get('/sandbox/messages?phone=13799999999')

  const spans = await collector.until((received) => ['commit', 'GET /v1/redemptions', 'GET /v1/sandbox/messages', 'deliver sms'].every((name) => received.some((span) => span.name === name)) &&
    received.some(({ traceId, name }) => traceId === parent.trace && name === 'POST /v1/redemptions'))
  t.same([...collector.paths], ['POST /v1/traces application/json'])

  const ofTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId)
  const named = (name: string, among = spans) => {
    const [found] = among.filter((span) => span.name === name)
    if (!found) throw new Error(`no span ${name} among ${among.map((span) => span.name).join(', ')}`)
    return found
  }

  await t.test('request, redemption, batch and commit, each part of the one before', async (t) => {
    const trace = ofTrace(parent.trace)
    const [request, redemption, batch, commit] = ['POST /v1/redemptions', 'redemption', 'redemption batch', 'commit'].map((name) => named(name, trace)) as [ReceivedSpan, ReceivedSpan, ReceivedSpan, ReceivedSpan]
    t.same([request.parentSpanId, redemption.parentSpanId, batch.parentSpanId, commit.parentSpanId], [parent.span, request.spanId, redemption.spanId, batch.spanId], 'below the span of the proxy')
    t.match([request.kind, redemption.kind], [2, 1])
    t.same(['http.request.method', 'http.route', 'http.response.status_code'].map((key) => valueOf(request, key)), ['POST', '/v1/redemptions', 201])
    t.same([valueOf(batch, 'ticun.batch.size'), valueOf(batch, 'ticun.office')], [1, 1])
    const nested = [request, redemption, batch, commit].map(({ startTimeUnixNano, endTimeUnixNano }) => [BigInt(startTimeUnixNano), BigInt(endTimeUnixNano)] as const)
    t.ok(nested.every(([begin, end], i) => begin <= end && (i === 0 || begin >= (nested[i - 1] as readonly [bigint, bigint])[0])), 'and within it')
  })

  await t.test('a unit of work with its role, its commit, and the delivery it ordered', async (t) => {
    const request = named('POST /v1/contracts/:id/check-in-codes')
    const transaction = named('transaction', ofTrace(request.traceId).filter((span) => valueOf(span, 'ticun.read_only') === false))
    t.equal(transaction.parentSpanId, request.spanId)
    t.equal(valueOf(transaction, 'ticun.role'), 'consumer')
    t.equal(named('commit', ofTrace(request.traceId)).parentSpanId, transaction.spanId)
    const delivery = named('deliver sms')
    t.equal(delivery.kind, 3, 'a call to the outside')
    t.ok(ofTrace(delivery.traceId).some(({ name }) => name === 'POST /v1/auth/challenges'))
  })

  await t.test('probes leave none', async (t) => {
    for (const path of ['/healthz', '/readyz', '/metrics']) await fetch(`${address}${path}`)
    await sleep(400)
    t.notOk(collector.spans().some(({ name }) => /healthz|readyz|metrics/.test(name)))
  })

  await t.test('no value of a person, no id and no secret is in any of it', async (t) => {
    const all = collector.bodies.join('\n')
    const values = { phone: consumer.phone, name: '欧阳追踪', code, token: consumer.token as string, contractId, redemptionId: redeemed.body.id, merchantId: shop.merchantId, cashier: shop.cashierPhone, query: '13799999999' }
    for (const [what, value] of Object.entries(values)) t.notOk(all.includes(value), what)
    t.notMatch(all, /\b1[3-9]\d{9}\b/, 'no phone at all')
    t.notMatch(all, /\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b/, 'no id at all')
    t.match(all, /deployment\.environment\.name/, 'what the operator says of the deployment is')
  })
})

t.test('a caller who is no proxy does not choose the trace, a failure shows by its code, a collector that is gone harms nobody', async (t) => {
  const collector = await aCollector(t)
  const app = await startApp(t, { tracing: { url: `${collector.url}/v1/traces`, serviceName: 'ticun' } })
  const shop = await newShop(app)
  const foreign = 'c'.repeat(32)
  t.equal((await shop.cashier.post('/redemptions', { code: randomUUID(), venueId: shop.venueId }, { headers: { traceparent: `00-${foreign}-${'d'.repeat(16)}-01` } })).status, 422)
  const spans = await collector.until((received) => received.some(({ name }) => name === 'POST /v1/redemptions'))
  t.notOk(spans.some(({ traceId }) => traceId === foreign))
  const refused = spans.find(({ name }) => name === 'redemption') as ReceivedSpan
  t.same([valueOf(refused, 'error.type'), refused.status?.code], ['code_invalid', 2])

  await collector.stop()
  t.equal((await app.nobody.get('/problems')).status, 200)
})

t.test('by the variables of the specification', async (t) => {
  const tracing = (env: Record<string, string>) => configOf(env).tracing
  t.equal(tracing({}), undefined)
  t.same(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), { url: 'http://c:4318/v1/traces', serviceName: 'ticun' })
  t.same(tracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d', OTEL_SERVICE_NAME: 'one' }), { url: 'http://c:4318/x', serviceName: 'one' })
  t.equal(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }), undefined)
})
