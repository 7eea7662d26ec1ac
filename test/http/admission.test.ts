import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { admission } from '../../src/http/admission.js'
import { createErrorHandler } from '../../src/http/problem-details.js'
import { createGate } from '../support/gate.js'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Routes whose answers wait until the gate is opened. */
const startServer = async (t: Test, limits = { usual: 2, redemptions: 3 }) => {
  const gate = createGate()
  const app = Fastify()
  app.setErrorHandler(createErrorHandler(() => undefined))
  await app.register(admission, { limits })
  const wait = async () => { await gate.passed(); return { done: true } }
  app.get('/health', async () => ({ ok: true }))
  app.post('/v1/usual', { config: { access: 'public' } }, wait)
  app.post('/v1/fails', { config: { access: 'public' } }, async () => { await gate.passed(); throw new Error('no') })
  app.post('/v1/redeem', { config: { access: 'public', lane: 'redemptions' } }, wait)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const post = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  return { gate, port, post, get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`) }
}

t.test('past as many requests at work as may be, the answer is 503 at once, with when to try again', async (t) => {
  const { gate, post, get } = await startServer(t)
  const first = [post('/v1/usual'), post('/v1/fails')]
  await gate.waiting(2)

  const refused = await post('/v1/usual')
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { code: 'unavailable', status: 503, title: '服务暂不可用', type: '/v1/problems#unavailable', requestId: refused.headers.get('x-request-id') })

  t.equal((await get('/health')).status, 200, 'health is answered all the same')
  const redeem = post('/v1/redeem')
  await gate.waiting(3)
  gate.open()
  t.same((await Promise.all([...first, redeem])).map(({ status }) => status), [200, 500, 200], 'and redemptions are held up by their own kind only')
  t.equal((await post('/v1/usual')).status, 200, 'whoever ends, also by failing, makes room')
})

t.test('one whose caller has gone away keeps its place until it is done; one whose body is slow has none', async (t) => {
  const { gate, port, post } = await startServer(t, { usual: 1, redemptions: 1 })
  const slow = connect(port, '127.0.0.1')
  slow.write('POST /v1/usual HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{')
  await once(slow, 'connect')

  const gone = connect(port, '127.0.0.1')
  gone.write('POST /v1/usual HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
  await gate.waiting(1)
  gone.destroy()
  await once(gone, 'close')
  t.equal((await post('/v1/usual')).status, 503)

  slow.write('}')
  const [answer] = await once(slow, 'data') as [Buffer]
  t.match(answer.toString(), /^HTTP\/1.1 503/, 'whose body comes when the places are taken is refused then')
  slow.destroy()
  gate.open()
  while ((await post('/v1/usual')).status !== 200);
  t.pass('its place is free again')
})
