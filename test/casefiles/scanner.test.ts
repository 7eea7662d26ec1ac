import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { ConfigError, configOf } from '../../src/config.js'
import { createClamav } from '../../src/storage/clamav.js'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { samples, sendParts } from './files.js'

/** What clamd finds in everything: the test file of the antivirus trade, which harms nobody. */
const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

/** Speaks clamd's INSTREAM, and is otherwise as told. */
const startClamd = async (t: Test, { streamMax = Infinity, mood = 'well' as 'well' | 'silent' | 'odd' | 'rude' } = {}) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = Buffer.alloc(0)
    const answer = (text: string) => { socket.removeAllListeners('data').on('data', () => undefined).end(`${text}\0`) }
    socket.on('error', () => undefined)
    if (mood === 'rude') return socket.destroy()
    return socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      if (mood === 'silent') return
      if (mood === 'odd') return answer('UNKNOWN COMMAND')
      const command = 'zINSTREAM\0'
      if (bytes.length < command.length) return
      if (bytes.subarray(0, command.length).toString() !== command) return answer('UNKNOWN COMMAND')
      const pieces: Buffer[] = []
      for (let at = command.length; at + 4 <= bytes.length;) {
        const length = bytes.readUInt32BE(at)
        if (length === 0) return answer(Buffer.concat(pieces).includes(eicar) ? 'stream: Win.Test.EICAR_HDB-1 FOUND' : 'stream: OK')
        if (at + 4 + length > bytes.length) return
        pieces.push(bytes.subarray(at + 4, at + 4 + length))
        if (Buffer.concat(pieces).length > streamMax) return answer('INSTREAM size limit exceeded. ERROR')
        at += 4 + length
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const inPieces = (text: string, size = 10) => Readable.from(Array.from({ length: Math.ceil(text.length / size) }, (_, i) => Buffer.from(text.slice(i * size, (i + 1) * size))))

t.test('the scanner says what is in a file', async (t) => {
  const scan = createClamav(await startClamd(t))
  t.equal(await scan(inPieces('nothing but text')), undefined)
  t.equal(await scan(inPieces(`before ${eicar} after`)), 'Win.Test.EICAR_HDB-1')
  t.equal(await scan(inPieces('')), undefined)
})

t.test('a file the scanner cannot look at is not taken for a clean one', async (t) => {
  const content = () => inPieces('x'.repeat(2_000_000), 60_000)
  const timeoutMs = 200
  for (const mood of ['silent', 'odd', 'rude'] as const) await t.rejects(createClamav({ ...await startClamd(t, { mood }), timeoutMs })(content()), { code: 'unavailable' }, mood)
  await t.rejects(createClamav({ ...await startClamd(t, { streamMax: 100_000 }), timeoutMs })(content()), { code: 'unavailable' }, 'too long for it')
  await t.rejects(createClamav({ host: '127.0.0.1', port: 1 })(content()), { code: 'unavailable' }, 'not there')
})

t.test('with a scanner, evidence is clean or refused', async (t) => {
  const app = await startApp(t, { clamav: await startClamd(t) })
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const { body: { id } } = expectStatus(await consumer.post('/disputes', { contractId, claimFen: 1_000, ground: 'other', statement: '未开课' }), 201)
  const send = (value: Buffer) => sendParts(app, consumer, `/disputes/${id}/evidence`, [{ field: 'file', value, filename: 'x.pdf' }])
  t.match(await send(samples.pdf), { status: 201, body: { scan: 'clean' } })
  t.match(await send(Buffer.concat([samples.pdf, Buffer.from(eicar)])), { status: 422, body: { code: 'file_infected', found: 'Win.Test.EICAR_HDB-1' } })
  t.match(await send(Buffer.concat([samples.pdf, Buffer.alloc(3_000_000)])), { status: 201, body: { scan: 'clean' } })
  t.equal((await consumer.get(`/disputes/${id}/evidence`)).body.items.length, 2)
})

t.test('a scanner is set by its address', async (t) => {
  t.equal(configOf({}).clamav, undefined)
  t.same(configOf({ CLAMAV_URL: 'tcp://clamd' }).clamav, { host: 'clamd', port: 3310 })
  t.same(configOf({ CLAMAV_URL: 'tcp://127.0.0.1:9' }).clamav, { host: '127.0.0.1', port: 9 })
  t.throws(() => configOf({ CLAMAV_URL: 'http://clamd' }), ConfigError)
})
