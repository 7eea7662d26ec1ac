import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { createAuthority, newAuthority } from '../../src/evidence/authority.js'
import { createRemoteTsa, createTimestamper } from '../../src/evidence/timestamps.js'
import { checkTimestamp } from '../../src/verify/timestamp.js'

/* An authority at a URL, over HTTP as RFC 3161 §3.4 has it: what it may answer, and what is refused by name. */

const data = Buffer.from('a checkpoint')

t.test('an authority at a URL', async (t) => {
  const now = new Date()
  const [ours, other] = await Promise.all(['Trusted TSA', 'Trusted TSA'].map((name) => newAuthority(name, now)))
  const [honest, forger] = await Promise.all([ours, other].map((keys) => createAuthority(keys!)))
  type Answer = (request: Buffer) => Promise<Buffer>
  const good: Answer = (request) => honest!.answer(request, new Date())
  let answer = good
  let status = 200
  const asked: { type: string | undefined; request: Buffer }[] = []
  const server = createServer((request, response) => {
    buffer(request).then(async (body) => {
      asked.push({ type: request.headers['content-type'], request: body })
      response.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(await answer(body))
    }).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`
  const client = (given: { url?: string; policy?: string } = {}) => createTimestamper({
    work: undefined as never, clock: { now: () => new Date() },
    tsa: createRemoteTsa({ url: given.url ?? url, policy: given.policy, certificates: ours!.certificates, pauseMs: 0 })
  })
  /** The answer to an earlier request over other data, or over the same. */
  const replayOf = async (over: Buffer): Promise<Answer> => {
    answer = good
    await client().tokenOver(1, over)
    const earlier = await good(asked.at(-1)!.request)
    return async () => earlier
  }

  t.test('stamps what it is asked to', async (t) => {
    const { token, authority, genTime } = await client().tokenOver(1, data)
    t.equal(authority, 'Trusted TSA')
    t.ok(Math.abs(genTime.getTime() - Date.now()) < 60_000)
    t.match(await checkTimestamp(token, data, ours!.certificates), { authority: 'Trusted TSA', nonce: /^01[0-9a-f]{14}$/ })
    t.equal(asked.at(-1)!.type, 'application/timestamp-query')
    t.notOk(asked.at(-1)!.request.includes(data), 'it is told the hash, not the data')
  })

  const cases: [string, () => Promise<Answer> | Answer, { name: string; code: string }][] = [
    ['answers an earlier request over the same data: its nonce is another', () => replayOf(data), { name: 'TimestampRefused', code: 'other_request' }],
    ['stamps other data: the imprint is another', () => replayOf(Buffer.from('another checkpoint')), { name: 'Refused', code: 'timestamp_of_other_data' }],
    ['is another of the same name', () => (request) => forger!.answer(request, new Date()), { name: 'Refused', code: 'untrusted_authority' }],
    ['says a time of an hour ago', () => (request) => honest!.answer(request, new Date(Date.now() - 3_600_000)), { name: 'TimestampRefused', code: 'other_time' }],
    ['answers with a token that was changed', () => async (request) => { const bytes = await good(request); bytes[bytes.length - 5]! ^= 1; return bytes }, { name: 'Refused', code: 'bad_timestamp' }],
    ['answers without a token', () => async () => Buffer.from('300530030201023000'.slice(0, 14), 'hex'), { name: 'TimestampRefused', code: 'not_granted' }],
    ['answers something else', () => async () => Buffer.from('<html>'), { name: 'TimestampRefused', code: 'not_granted' }],
    ['answers without end', () => async () => Buffer.alloc(1_000_000), { name: 'TimestampRefused', code: 'unreachable' }]
  ]
  for (const [what, made, refused] of cases) {
    t.test(`is refused where it ${what}`, async (t) => {
      answer = await made()
      await t.rejects(client().tokenOver(1, data), refused)
    })
  }

  t.test('is refused where it does not keep to the policy, is out of order, or is not there', async (t) => {
    answer = good
    await t.rejects(client({ policy: '1.2.3.4' }).tokenOver(1, data), { code: 'other_policy' })
    status = 503
    await t.rejects(client().tokenOver(1, data), { code: 'unreachable', message: /503/ })
    await t.rejects(client({ url: 'http://127.0.0.1:9/' }).tokenOver(1, data), { code: 'unreachable' })
  })
})
