import type { LookupAddress } from 'node:dns'
import t from 'tap'
import { AddressRefused, createAddressGuard } from '../../src/webhooks/address.js'
import { createSender } from '../../src/webhooks/sender.js'
import { startReceiver } from './receiver.js'

const names: Record<string, string[]> = {
  'outside.example': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
  'inside.example': ['10.1.2.3'],
  'both.example': ['93.184.216.34', '192.168.0.1'],
  'nothing.example': [],
  'mine.example': ['127.0.0.1']
}

const resolveIn = (names: Record<string, string[]>) => async (hostname: string): Promise<LookupAddress[]> => {
  const found = names[hostname]
  if (!found) throw new Error('ENOTFOUND')
  return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
}

const strict = createAddressGuard({ permitsLoopback: false, resolve: resolveIn(names) })

t.test('an address outside is let through', async (t) => {
  for (const url of ['https://outside.example/hooks?a=1', 'https://outside.example:8443/', 'https://93.184.216.34/', 'https://[2606:2800:220:1:248:1893:25c8:1946]/']) {
    t.equal((await strict.checkUrl(url)).href, url)
  }
})

const refusals = [
  'http://outside.example/', 'ftp://outside.example/', 'javascript:alert(1)', 'data:text/plain,x', 'outside.example', '//outside.example', '',
  'https://user@outside.example/', 'https://user:password@outside.example/',
  'https://inside.example/', 'https://both.example/', 'https://nothing.example/', 'https://unknown.example/', 'https://mine.example/',
  ...[
    '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.100.100.200',
    '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255',
    '[::]', '[::1]', '[fe80::1]', '[fc00::1]', '[fd12::1]', '[ff02::1]', '[::ffff:10.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001::1]', '[2001:db8::1]'
  ].map((host) => `https://${host}/`)
]

for (const url of refusals) t.test(`${url || 'nothing'} is refused`, async (t) => { await t.rejects(strict.checkUrl(url), AddressRefused) })

t.test('a name that leads inside only when it is called is refused then', async (t) => {
  const receiver = await startReceiver(t)
  const port = new URL(receiver.url).port
  // As with DNS rebinding: the first answer is good, the next is not.
  let asked = 0
  const guard = createAddressGuard({ permitsLoopback: false, resolve: async () => resolveIn(names)(asked++ === 0 ? 'outside.example' : 'mine.example') })
  const call = { id: 'whd_1', body: '{}', secrets: [], at: new Date(), signal: AbortSignal.timeout(2_000) }
  t.match(await createSender(guard)({ ...call, url: `https://rebound.example:${port}/` }), { status: null, error: /private network/ })
  t.equal(asked, 2, 'it was looked up again to connect')
  t.match(await createSender(strict)({ ...call, url: `https://127.0.0.1:${port}/` }), { status: null, error: /private network/ }, 'a literal address is looked at as well')
  t.same(receiver.received, [])
})

t.test('what comes of a call is said without telling of the inside', async (t) => {
  const receiver = await startReceiver(t)
  const send = createSender(createAddressGuard({ permitsLoopback: true, resolve: resolveIn(names) }))
  const call = { id: 'whd_1', body: '{"ping":true}', secrets: [], at: new Date(), signal: AbortSignal.timeout(5_000) }
  t.same(await send({ ...call, url: receiver.url }), { status: 204, error: null })
  t.same(await send({ ...call, url: receiver.url.replace('127.0.0.1', 'mine.example') }), { status: 204, error: null }, 'by a name too')
  t.same(await send({ ...call, url: 'http://127.0.0.1:1/' }), { status: null, error: 'ECONNREFUSED' })
  t.match(await send({ ...call, url: receiver.url.replace('http:', 'https:') }), { status: null, error: String }, 'no TLS there')
  receiver.state.answer = 'hang'
  t.same(await send({ ...call, url: receiver.url, signal: AbortSignal.timeout(100) }), { status: null, error: 'no answer in time' })
})
