import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { startApp } from '../support/app.js'
import { maker, newConsumer } from '../support/people.js'
import { report } from './report.js'

/*
 * What comes over the wire before there is a request, or instead of one: too much, too slow, half,
 * and in shapes that a proxy and we might read differently (RFC 9112 §6.3, §11). The service either
 * answers 4xx or closes, goes on serving everybody else, and does not grow by what it refuses.
 */

t.setTimeout(60_000)

type Reply = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>

/** The answers in what came over a connection, one after another. */
const repliesIn = (bytes: Buffer): Reply[] => {
  const replies: Reply[] = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0 || !rest.subarray(0, 5).equals(Buffer.from('HTTP/'))) return replies
    const [line = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]))
    const length = Number(headers['content-length'] ?? 0)
    replies.push({ status: Number(line.split(' ')[1]), headers, body: rest.subarray(end + 4, end + 4 + length).toString() })
    rest = rest.subarray(end + 4 + length)
  }
}

t.test('over a socket', async (t) => {
  const app = await startApp(t)
  const notary = await maker(app)
  const consumer = await newConsumer(app)
  const server = app.app.server
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.address() as { port: number }

  t.match({ headers: server.headersTimeout, request: server.requestTimeout, idle: server.timeout, keptAlive: server.keepAliveTimeout, connections: server.maxConnections },
    { headers: 15_000, request: 120_000, idle: 60_000, keptAlive: 65_000, connections: 10_000 }, 'the limits in use')

  type Talk = Readonly<{ socket: Socket; replies: () => Reply[]; closed: Promise<void>; isClosed: () => boolean }>
  const open = async (): Promise<Talk> => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    let isClosed = false
    const closed = new Promise<void>((resolve) => { socket.on('close', () => { isClosed = true; resolve() }) })
    socket.on('data', (chunk) => { chunks.push(chunk) }).on('error', () => undefined)
    await new Promise((resolve) => { socket.on('connect', resolve) })
    return { socket, replies: () => repliesIn(Buffer.concat(chunks)), closed, isClosed: () => isClosed }
  }

  const until = async (isSo: () => boolean, withinMs: number): Promise<boolean> => {
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(10)) if (isSo()) return true
    return isSo()
  }

  const isWell = async (t: Test, after: string): Promise<void> => {
    const { socket, replies } = await open()
    socket.write(`GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${consumer.token}\r\n\r\n`)
    t.ok(await until(() => replies().length === 1, 5_000) && replies()[0]?.status === 200, `others are served ${after}`)
    socket.destroy()
  }

  const innards = /node_modules|\bat \S+ \(|\.(?:ts|js):\d|HPE_|ERR_|llhttp|postgres/i
  const escapes: string[] = []
  let tried = 0
  const head = (method: string, path: string, headers: readonly string[]): string => `${method} ${path} HTTP/1.1\r\n${['host: x', ...headers].map((one) => `${one}\r\n`).join('')}\r\n`
  const json = ['content-type: application/json']
  const login = '{"phone":"13700000000","purpose":"login"}'
  const post = (extra: readonly string[], path = '/v1/auth/challenges'): string => head('POST', path, [...json, ...extra])

  /** Sends bytes at once: the answers must all be 4xx (or those expected), and of no more requests than one. */
  const refused = async (name: string, bytes: string | Buffer, { ends = false, withinMs = 3_000 } = {}): Promise<void> => {
    tried += 1
    const { socket, replies, isClosed } = await open()
    socket.write(bytes)
    if (ends) socket.end()
    const done = await until(() => isClosed() || replies().length > 0, withinMs)
    await until(isClosed, 100)
    const got = replies()
    if (!done) escapes.push(`${name}: neither an answer nor an end`)
    if (got.length > 1) escapes.push(`${name}: ${got.length} answers`)
    for (const { status, headers, body } of got) {
      if (status < 400 || status >= 500) escapes.push(`${name}: ${status}`)
      if (body !== '' && (!/^application\/problem\+json/.test(headers['content-type'] ?? '') || JSON.parse(body).status !== status || innards.test(body))) escapes.push(`${name}: ${body.slice(0, 120)}`)
    }
    socket.destroy()
  }

  t.test('too much', async (t) => {
    const big = 'x'.repeat(2_000_000)
    await refused('a body over the limit', `${post([`content-length: ${big.length}`])}${big}`)
    await refused('a length over the limit, and nothing after it', post(['content-length: 1048577']))
    for (const length of ['99999999999999999999', '18446744073709551617', '9007199254740993']) await refused(`the length ${length}`, post([`content-length: ${length}`]))
    await refused('one header over the limit', head('GET', '/v1/me', [`x-long: ${'a'.repeat(20_000)}`]))
    await refused('many headers', head('GET', '/v1/me', Array.from({ length: 3_000 }, (_, i) => `x-${i}: 1`)))
    await refused('a name of a header over the limit', head('GET', '/v1/me', [`${'a'.repeat(20_000)}: 1`]))
    await refused('an address over the limit', head('GET', `/v1/products?q=${'a'.repeat(20_000)}`, []))
    await refused('a long address', head('GET', `/v1/contracts/${'a'.repeat(8_000)}`, []))
    await refused('many parameters', head('GET', `/v1/settlements?${Array.from({ length: 1_500 }, (_, i) => `a${i}=1`).join('&')}`, []))
    t.same(escapes, [])
    await isWell(t, 'after too much')
  })

  t.test('a body without an end is cut off at the limit, and takes no memory', async (t) => {
    const { socket, replies, isClosed } = await open()
    socket.write(post(['transfer-encoding: chunked']))
    const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    const before = process.memoryUsage().rss
    let sent = 0
    while (!isClosed() && sent < 100_000_000 && replies().length === 0) {
      if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => { socket.once('drain', resolve) }), sleep(200)])
      sent += chunk.length
    }
    t.ok(await until(() => isClosed() || replies().length > 0, 5_000))
    t.match(replies()[0] ?? { status: 413 }, { status: 413 })
    t.ok(sent < 20_000_000, `cut off after ${sent} bytes`)
    t.ok(process.memoryUsage().rss - before < 100_000_000, 'within bounds')
    socket.destroy()

    const bomb = gzipSync(Buffer.alloc(20_000_000))
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'identity, gzip']) {
      await refused(`a body packed by ${encoding}`, Buffer.concat([Buffer.from(post([`content-encoding: ${encoding}`, `content-length: ${bomb.length}`])), bomb]))
    }
    await refused('a packed body of chunks', Buffer.concat([Buffer.from(post(['transfer-encoding: gzip, chunked']) + `${bomb.length.toString(16)}\r\n`), bomb, Buffer.from('\r\n0\r\n\r\n')]))
    t.same(escapes, [])
    tried += 1
  })

  t.test('a length that lies, and chunks of wrong sizes', async (t) => {
    await refused('a length shorter than the body', `${post(['content-length: 5'])}${login}`)
    await refused('a length longer than the body, and an end', `${post([`content-length: ${login.length + 100}`])}${login}`, { ends: true })
    for (const length of ['-1', '+41', '4 1', '0x29', '41.0', '41, 41', '41, 42', '4\r\n 1', 'NaN', '', ' ', '４１', '41;q=1', '041\0']) await refused(`the length ${JSON.stringify(length)}`, `${post([`content-length: ${length}`])}${login}`)
    await refused('two lengths', `${post(['content-length: 41', 'content-length: 0'])}${login}`)
    await refused('two lengths, the same', `${post(['content-length: 41', 'content-length: 41'])}${login}`)
    for (const size of ['-1', '0x29', 'G', '29 29', 'FFFFFFFFFFFFFFFFF', '100000000', ' 29', '29;a\nb', '', '2９']) {
      await refused(`a chunk of the size ${JSON.stringify(size)}`, `${post(['transfer-encoding: chunked'])}${size}\r\n${login}\r\n0\r\n\r\n`, { ends: true })
    }
    await refused('a chunk longer than it says', `${post(['transfer-encoding: chunked'])}5\r\n${login}\r\n0\r\n\r\n`)
    await refused('chunks that break off', `${post(['transfer-encoding: chunked'])}29\r\n{"phone"`, { ends: true })
    await refused('a trailer over the limit', `${post(['transfer-encoding: chunked'])}1\r\n{\r\n0\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`)
    await refused('an extension over the limit', `${post(['transfer-encoding: chunked'])}1;${'a'.repeat(40_000)}\r\n{\r\n0\r\n\r\n`)
    t.same(escapes, [])
    await isWell(t, 'after lies')
  })

  t.test('what two readers could read differently is read by neither: no second request is smuggled in', async (t) => {
    const hidden = `GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${notary.token}\r\n\r\n`
    const shapes: Record<string, string> = {
      'CL.TE': `${post(['content-length: 6', 'transfer-encoding: chunked'])}0\r\n\r\nX${hidden}`,
      'TE.CL': `${post(['transfer-encoding: chunked', 'content-length: 4'])}29\r\n${login}\r\n0\r\n\r\n${hidden}`,
      ...Object.fromEntries([
        'xchunked', 'chunked, identity', 'identity, chunked', 'chunked, chunked', '"chunked"', 'chunked;q=1', '\u000bchunked', 'chunked\0', 'identity', 'gzip', 'CHUNKED2', 'chunked, gzip', ' , chunked'
      ].map((coding) => [`transfer-encoding ${JSON.stringify(coding)}`, `${post([`transfer-encoding: ${coding}`, 'content-length: 4'])}0\r\n\r\n${hidden}`])),
      'a space before the colon': `${post(['transfer-encoding : chunked', 'content-length: 4'])}0\r\n\r\n${hidden}`,
      'a folded header': `${post(['transfer-encoding:\r\n chunked', 'content-length: 4'])}0\r\n\r\n${hidden}`,
      'a bare line feed': `POST /v1/auth/challenges HTTP/1.1\nhost: x\ncontent-length: 0\n\n${hidden}`,
      'a header after a bare carriage return': `${post(['a: b\rcontent-length: 0', 'transfer-encoding: chunked'])}0\r\n\r\n${hidden}`,
      'a header that begins with a space': `${post([' content-length: 41', 'content-length: 0'])}${hidden}`,
      'a header without a colon': `${post(['content-length 0'])}${hidden}`,
      'a NUL in a name': `${post(['content-\0length: 0'])}${hidden}`,
      'an underscore': `${post(['content_length: 3', 'transfer_encoding: chunked', 'content-length: 2'])}{{`,
      'HTTP/0.9': 'GET /v1/me\r\n\r\n',
      'HTTP/2 over plain text': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'another version': 'GET /v1/me HTTP/9.9\r\nhost: x\r\n\r\n',
      'no host': 'GET /v1/me HTTP/1.1\r\n\r\n',
      'two hosts': `GET /v1/me HTTP/1.1\r\nhost: x\r\nhost: y\r\nauthorization: Bearer x.y.z\r\n\r\n`,
      'TLS': Buffer.from('16030100a5010000a10303', 'hex').toString('latin1'),
      'nonsense': '\0\x01\x02\x03\r\n\r\n',
      'a method there is none of': 'HACK /v1/me HTTP/1.1\r\nhost: x\r\n\r\n',
      'a tunnel': 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\n\r\n',
      'an address of elsewhere': 'GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nhost: x\r\n\r\n',
      'another protocol': head('GET', '/v1/me', ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-key: AAAA', 'sec-websocket-version: 13']),
      'HTTP/2 by upgrade': head('GET', '/v1/me', ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA'])
    }
    for (const [name, bytes] of Object.entries(shapes)) await refused(name, Buffer.from(bytes, 'latin1'))
    t.same(escapes, [])
    await isWell(t, 'after all that')
  })

  t.test('requests one after another over one connection are answered in their order, each to its own caller', async (t) => {
    const { socket, replies } = await open()
    const one = (token: string | undefined): string => head('GET', '/v1/me', token === undefined ? [] : [`authorization: Bearer ${token}`])
    const many = Array.from({ length: 60 }, (_, i) => [consumer.token, notary.token, undefined][i % 3])
    socket.write(many.map(one).join(''))
    t.ok(await until(() => replies().length === many.length, 5_000))
    const ids = replies().map(({ status, body }) => (status === 200 ? JSON.parse(body).id : status))
    t.same(ids, many.map((token) => (token === undefined ? 401 : token === consumer.token ? consumer.userId : notary.userId)))
    socket.write(`${one(consumer.token)}GARBAGE\r\n\r\n${one(notary.token)}`)
    await until(() => replies().length > many.length + 1, 1_000)
    t.notMatch(replies().slice(many.length).map(({ status, body }) => (status === 200 ? JSON.parse(body).id : status)), [notary.userId], 'nothing behind garbage is read')
    tried += 2
    socket.destroy()
  })

  t.test('a connection that says nothing, or a letter at a time, is let go of; meanwhile everybody else is served', async (t) => {
    // The same server with less patience, so that the test needs none either.
    const [headersTimeout, requestTimeout, timeout, keepAliveTimeout] = [server.headersTimeout, server.requestTimeout, server.timeout, server.keepAliveTimeout]
    Object.assign(server, { headersTimeout: 600, requestTimeout: 1_200, timeout: 1_500, keepAliveTimeout: 500 })
    const crowd = 200
    const slow: Talk[] = []
    const drip = async (talk: Talk, text: string): Promise<void> => {
      for (const letter of text) {
        if (talk.isClosed()) return
        talk.socket.write(letter)
        await sleep(50)
      }
    }
    const begin = async (first: string, then: string, isHalfOpen = false): Promise<void> => {
      const talk = await open()
      slow.push(talk)
      if (first !== '') talk.socket.write(first)
      if (isHalfOpen) talk.socket.end()
      drip(talk, then).catch(() => undefined)
    }
    const endless = 'x-a: b\r\n'.repeat(100)
    for (let i = 0; i < crowd; i++) {
      const kinds: (() => Promise<void>)[] = [
        () => begin('', ''), () => begin('GET /v1/me HTTP/1.1\r\n', endless), () => begin('', `GET /${'a'.repeat(500)}`), () => begin(post(['content-length: 1000']), '{'.padEnd(500)),
        () => begin(post(['transfer-encoding: chunked']), '1\r\n{\r\n'.repeat(100)), () => begin('GET /v1/me HTTP/1.1\r\nhost: x\r\n', '', true), () => begin(head('GET', '/healthz', []), '')
      ]
      await (kinds[i % kinds.length] as () => Promise<void>)()
    }
    await isWell(t, 'beside two hundred slow ones')
    t.ok(await until(() => slow.every(({ isClosed }) => isClosed()), 10_000), `all are gone; left: ${slow.filter(({ isClosed }) => !isClosed()).length}`)
    const answers = slow.flatMap(({ replies }) => replies())
    t.same(answers.filter(({ status }) => ![200, 400, 401, 408].includes(status)), [], 'with an answer, where there was one, of 4xx')
    t.ok(answers.some(({ status }) => status === 408), 'the slow ones are told')
    tried += crowd
    Object.assign(server, { headersTimeout, requestTimeout, timeout, keepAliveTimeout })
    await isWell(t, 'afterwards')
  })

  t.test('whoever goes away in the middle leaves nothing behind', async (t) => {
    for (let i = 0; i < 100; i++) {
      const { socket } = await open()
      socket.write(i % 2 === 0 ? post(['content-length: 41']) : `${post(['content-length: 41'])}${login}`)
      if (i % 3 === 0) await sleep(1)
      socket.resetAndDestroy()
    }
    const connections = () => new Promise<number>((resolve) => { server.getConnections((_, count) => { resolve(count) }) })
    let left = await connections()
    for (let i = 0; i < 100 && left > 0; i++) {
      await sleep(50)
      left = await connections()
    }
    t.equal(left, 0, 'no connection is left open')
    tried += 100
    await isWell(t, 'afterwards')
    t.same((await app.nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
    t.same(escapes, [])
    report('sockets', [{ what: 'oversized, slow, half-open and ambiguous requests over sockets', tried, escapes: escapes.length }])
  })
})
