import { createServer, type Server } from 'node:http'
import t, { type Test } from 'tap'
import { AddressRefused, createAddressGuard } from '../../src/webhooks/address.js'
import { createSender } from '../../src/webhooks/sender.js'
import { startApp } from '../support/app.js'
import { bureau } from '../support/people.js'
import { newShop } from '../support/shop.js'
import { report } from './report.js'

/*
 * A merchant has us call an address of its choice. None of the many ways to write an address of the
 * inside is taken, over HTTP; a name that comes to lead inside is not called; and whatever answers
 * cannot send us on.
 */

t.setTimeout(60_000)

const outside = 'https://93.184.216.34/'

const hosts = [
  // IPv4 of the inside, and of nowhere
  '127.0.0.1', '127.0.0.2', '127.255.255.254', '127.1', '127.0.1', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.254', '192.168.0.1', '192.168.255.254', '169.254.169.254', '169.254.170.2', '100.64.0.1', '100.100.100.200', '100.127.255.254', '0.0.0.0', '0', '0.0.0.1',
  '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255',
  // the same in decimal, octal, hexadecimal, mixed, and past the end
  '2130706433', '017700000001', '0x7f000001', '0x7F.0x0.0x0.0x1', '0177.0.0.1', '0177.0.0.01', '0x7f.1', '127.0x1', '2852039166', '0xa9fea9fe', '0xA9.0xFE.0xA9.0xFE', '0251.0376.0251.0376', '0251.254.169.254', '3232235777', '167772161', '00000177.0.0.1',
  // as other letters that stand for the same
  '１２７.０.０.１', '127。0。0。1', '127．0．0．1', '①②⑦.⓪.⓪.①', '127%2e0%2e0%2e1', '%31%32%37.0.0.1', '127.0.0.1.', '127.0.0.1%00.example',
  // IPv6: loopback, nowhere, private, link, site, multicast, and those that carry an IPv4
  '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:0:127.0.0.1]', '[::127.0.0.1]', '[::ffff:a9fe:a9fe]', '[::ffff:10.0.0.1]', '[::ffff:192.168.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::1]', '[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[2001::1]', '[2001:0:7f00:1::]', '[2001:db8::1]', '[2001:10::1]', '[2001:20::1]',
  '[fc00::1]', '[fd00:ec2::254]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[100::1]', '[3fff::1]', '[5f00::1]', '[::ffff:0.0.0.0]',
  // names
  'localhost', 'LOCALHOST', 'localhost.', 'nothing.invalid', 'a'.repeat(64) + '.example', '-', '.', ''
]

const urls = [
  ...hosts.map((host) => `https://${host}/`), 'https://127.0.0.1:443/', 'https://127.0.0.1:5432/', 'https://localhost:22/',
  // who is meant is not who it says first
  'https://93.184.216.34@127.0.0.1/', 'https://93.184.216.34:x@127.0.0.1/', 'https://user@93.184.216.34/', 'https://:p@93.184.216.34/', 'https://127.0.0.1#@93.184.216.34/', 'https://127.0.0.1?@93.184.216.34/', 'https://127.0.0.1\\@93.184.216.34/', 'https:\\\\127.0.0.1\\', 'https:127.0.0.1', 'https:///127.0.0.1/', 'https://127.0.0.1\t/', 'https://127.0\n.0.1/', ' https://127.0.0.1/', 'https://%5B::1%5D/', 'HTTPS://127.0.0.1/',
  // other schemes
  'http://93.184.216.34/', 'ftp://93.184.216.34/', 'file:///etc/passwd', 'file://93.184.216.34/x', 'gopher://93.184.216.34/', 'dict://93.184.216.34:11211/', 'ldap://93.184.216.34/', 'jar:https://93.184.216.34!/', 'data:text/plain,x', 'javascript:alert(1)', 'blob:https://93.184.216.34/x', 'ws://93.184.216.34/', 'wss://93.184.216.34/', 'unix:/var/run/docker.sock', 'netdoc:///etc/passwd', '//93.184.216.34/', '/relative', '93.184.216.34', 'https://', 'https:', ''
]

const listen = async (t: Test, answer: (path: string) => Readonly<{ status: number; location?: string }>): Promise<Readonly<{ port: number; calls: string[] }>> => {
  const calls: string[] = []
  const server: Server = createServer((request, response) => {
    calls.push(request.url ?? '')
    const { status, location } = answer(request.url ?? '')
    response.writeHead(status, location === undefined ? {} : { location }).end()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return { port: (server.address() as { port: number }).port, calls }
}

let tried = 0
const escapes: string[] = []

t.test('an address of the inside is not taken, however it is written', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const supervisor = await bureau(app)
  const { status, body: { id } } = await shop.owner.post('/webhook-endpoints', { url: outside })
  t.equal(status, 201, 'one outside is')
  for (const url of urls) {
    for (const answer of [await shop.owner.post('/webhook-endpoints', { url }), await shop.owner.put(`/webhook-endpoints/${id}`, { url, status: 'disabled' }), await supervisor.post('/webhook-endpoints', { url })]) {
      tried += 1
      if (answer.status !== 422 || answer.body.code !== 'validation_failed') escapes.push(`${JSON.stringify(url)}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 150)}`)
      if (/ENOTFOUND|ECONNREFUSED|getaddrinfo|EAI_AGAIN/.test(JSON.stringify(answer.body))) escapes.push(`${url} tells of the inside: ${JSON.stringify(answer.body)}`)
    }
  }
  t.same(escapes.splice(0), [])
  const { body: { items } } = await shop.owner.get('/webhook-endpoints')
  t.same(items.map(({ url }: { url: string }) => url), [outside])
})

const call = (url: string) => ({ id: 'whd_1', url, body: '{}', secrets: [], at: new Date(), signal: AbortSignal.timeout(3_000) })

t.test('an answer cannot send us on', async (t) => {
  const inside = await listen(t, () => ({ status: 204 }))
  for (const status of [301, 302, 303, 307, 308]) {
    for (const location of [`http://127.0.0.1:${inside.port}/inside`, `//127.0.0.1:${inside.port}/inside`, 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd', '/elsewhere']) {
      tried += 1
      const receiver = await listen(t, () => ({ status, location }))
      // Loopback is let through so that there is a receiver at all; who may be called next does not follow from it.
      const outcome = await createSender(createAddressGuard({ permitsLoopback: true }))(call(`http://127.0.0.1:${receiver.port}/hook`))
      if (outcome.status !== status || receiver.calls.length !== 1 || inside.calls.length > 0) escapes.push(`${status} ${location}: ${JSON.stringify(outcome)} ${receiver.calls.join(' ')}`)
    }
  }
  t.same(escapes.splice(0), [])
})

t.test('a name is called at the very address that was looked at, and not when any of its addresses is inside', async (t) => {
  const inside = await listen(t, () => ({ status: 204 }))
  const four = (address: string) => ({ address, family: 4 })
  const answers = {
    'good first, then inside': [[four('93.184.216.34')], [four('127.0.0.1')]],
    'good first, then both': [[four('93.184.216.34')], [four('93.184.216.34'), four('127.0.0.1')]],
    'good first, then inside as IPv6': [[four('93.184.216.34')], [{ address: '::ffff:127.0.0.1', family: 6 }]],
    'both at once': [[four('93.184.216.34'), four('10.0.0.1')]],
    'none': [[]],
    'nowhere': [[four('0.0.0.0')]],
    'no address': [[four('localhost')]]
  }
  for (const [name, given] of Object.entries(answers)) {
    tried += 1
    let asked = 0
    const guard = createAddressGuard({ permitsLoopback: false, resolve: async () => given[Math.min(asked++, given.length - 1)] ?? [] })
    const outcome = await createSender(guard)(call(`https://rebound.example:${inside.port}/`))
    if (outcome.status !== null || inside.calls.length > 0 || asked !== given.length) escapes.push(`${name}: ${JSON.stringify(outcome)}, asked ${asked} times`)
  }
  t.same(escapes.splice(0), [])
  await t.rejects(createAddressGuard({ permitsLoopback: false, resolve: async () => [four('127.0.0.1')] }).checkUrl('https://rebound.example/'), AddressRefused)
  t.ok(tried > 300, `${tried} tries`)
  report('ssrf', [{ what: 'addresses of the inside, written, named or redirected to, as webhooks', tried, escapes: escapes.length }])
})
