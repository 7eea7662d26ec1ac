import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startApp } from '../support/app.js'
import { arbitrator, bureau, maker, mediator, newConsumer, operator } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { multipart, samples, sendParts, type Part } from './files.js'

t.setTimeout(120_000)

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

t.test('evidence in a dispute', async (t) => {
  const dataDirectory = join(tmpdir(), `ticun-casefiles-${process.pid}`)
  const app = await startApp(t, { dataDirectory })
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, shop)
  const openDispute = async () => {
    const contractId = await buy(app, consumer, productId)
    const { body } = expectStatus(await consumer.post('/disputes', { contractId, claimFen: 50_000, ground: 'service_not_as_agreed', statement: '教练换人，课程缩水。' }), 201)
    return { disputeId: body.id as string, path: `/disputes/${body.id}/evidence` }
  }
  const { disputeId, path } = await openDispute()
  const send = (who: { token: string | undefined }, parts: readonly Part[], to = path, options = {}) => sendParts(app, who, to, parts, options)
  const aFile = (value: Buffer, filename = '证据.pdf', type = 'application/octet-stream'): Part => ({ field: 'file', value, filename, type })
  const download = (who: { token: string | undefined }, id: string, of = path) => app.app.inject({ url: `/v1${of}/${id}`, headers: { authorization: `Bearer ${who.token}` } })

  t.test('is filed by each party, and read by those who take part', async (t) => {
    const receipt = expectStatus(await send(consumer, [{ field: 'purpose', value: '证明已付款' }, aFile(samples.pdf, '付款凭证.pdf')]), 201).body
    t.match(receipt, { id: /^fil_/, disputeId, party: 'consumer', name: '付款凭证.pdf', contentType: 'application/pdf', sizeBytes: samples.pdf.length, sha256: sha256(samples.pdf), purpose: '证明已付款', scan: 'not_scanned' })
    const photo = expectStatus(await send(shop.cashier, [aFile(samples.jpeg, '场馆照片.jpeg'), { field: 'purpose', value: '证明场馆照常开放' }]), 201).body
    t.match(photo, { party: 'merchant', name: '场馆照片.jpg', contentType: 'image/jpeg', purpose: '证明场馆照常开放' }, 'fields may come after the file')

    expectStatus(await consumer.post(`/disputes/${disputeId}/escalate`), 200)
    const office = await operator(app)
    const people = [await mediator(app), await arbitrator(app)] as const
    expectStatus(await office.post(`/disputes/${disputeId}/assignments`, { adjudicatorId: people[0].userId, role: 'mediator' }), 201)
    for (const reader of [consumer, shop.owner, shop.cashier, await maker(app), people[0]]) {
      t.same(expectStatus(await reader.get(path), 200).body, { items: [receipt, photo], nextCursor: null })
      const got = await download(reader, receipt.id)
      t.equal(got.statusCode, 200)
      t.ok(got.rawPayload.equals(samples.pdf))
    }
    const other = await newShop(app)
    for (const stranger of [await newConsumer(app), other.owner, people[1]]) {
      for (const call of [await stranger.get(path), await stranger.get(`${path}/${receipt.id}`)]) t.match(call, { status: 404, body: { code: 'not_found' } })
    }
    for (const end of [office, await bureau(app)]) t.match(await end.get(path), { status: 403 })
    t.match(await send(await newConsumer(app), [aFile(samples.pdf)]), { status: 404, body: { code: 'not_found' } })
    t.match(await send(people[0], [aFile(samples.pdf)]), { status: 403, body: { code: 'forbidden' } }, 'who decides files nothing')
    t.match(await send({ token: undefined }, [aFile(samples.pdf)]), { status: 401 })
  })

  t.test('is handed out to be saved, never to be shown or run', async (t) => {
    const { body: { items: [{ id }] } } = await consumer.get(path)
    const { headers } = await download(consumer, id)
    t.match(headers, {
      'content-type': 'application/pdf', 'content-disposition': /^attachment; filename="_+\.pdf"; filename\*=UTF-8''%E4%BB%98/, 'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox", 'cache-control': 'private, no-store', 'content-length': String(samples.pdf.length),
      'repr-digest': `sha-256=:${createHash('sha256').update(samples.pdf).digest('base64')}:`
    })
  })

  t.test('is one file however often one party files it', async (t) => {
    const { body: { items: [first] } } = await consumer.get(path)
    t.same((await send(consumer, [aFile(samples.pdf, '另一个名字.pdf')])).body, first)
    const merchants = expectStatus(await send(shop.owner, [aFile(samples.pdf)]), 201).body
    t.not(merchants.id, first.id, 'the other party files its own')
    const at = await Promise.all(Array.from({ length: 5 }, () => send(consumer, [aFile(samples.png, 'x.png')])))
    t.same([...new Set(at.map(({ status, body }) => `${status} ${body.id}`))].length, 1, 'also at once')
  })

  t.test('cannot be read from the disk', async (t) => {
    const { body: { items: [first] } } = await consumer.get(path)
    const kept = join(dataDirectory, 'files')
    const files = await Promise.all((await readdir(kept, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name))))
    t.ok(files.length >= 4)
    for (const content of files) for (const sample of Object.values(samples)) t.notOk(content.includes(sample.subarray(0, 12)))
    t.notOk(files.some((content) => sha256(content) === first.sha256))
  })

  const named: [string, Buffer, string][] = [
    ['../../etc/passwd', samples.pdf, 'passwd.pdf'], ['C:\\\\Users\\\\我\\\\合同.PDF', samples.pdf, '合同.pdf'], ['發票\u202Efdp.exe', samples.png, '發票fdp.exe.png'],
    ['', samples.mp4, '文件.mp4'], ['...', samples.jpeg, '文件.jpg'], ['a<b>:c|d?*.mp4', samples.mp4, 'a_b__c_d__.mp4'], [`${'长'.repeat(300)}.pdf`, samples.pdf, `${'长'.repeat(55)}.pdf`],
    ['截图.jpg', samples.png, '截图.jpg.png'], ['nul\u0000byte.pdf', samples.pdf, 'nulbyte.pdf']
  ]
  t.test('may be called anything: names are made safe and lead nowhere', async (t) => {
    const { path } = await openDispute()
    for (const [given, content, name] of named) {
      // Each with content of its own, so that it is a file of its own.
      const answer = await send(consumer, [aFile(Buffer.concat([content, randomBytes(8)]), given)], path)
      t.match(answer, { status: 201, body: { name } }, JSON.stringify(given.slice(0, 30)))
    }
  })

  t.test('is what its content says, whatever it is called', async (t) => {
    const unwanted: [string, Buffer][] = [
      ['nothing', Buffer.alloc(0)], ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')], ['a drawing with a script', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
      ['a program', Buffer.from('7f454c4602010100', 'hex')], ['a program for Windows', Buffer.from('MZ\x90\x00')], ['a ZIP', Buffer.from('PK\x03\x04')], ['a GIF', Buffer.from('GIF89a')],
      ['a page before a PDF', Buffer.concat([Buffer.from('<script>'), samples.pdf])], ['half a PNG', samples.png.subarray(0, 8)], ['a HEIC picture', Buffer.from('00000018667479706865696300000000', 'hex')],
      ['a QuickTime film', Buffer.concat([Buffer.from('00000014', 'hex'), Buffer.from('ftypqt  '), Buffer.alloc(4), Buffer.from('qt  ')])]
    ]
    for (const [what, content] of unwanted) t.match(await send(consumer, [aFile(content, '证据.pdf', 'application/pdf')]), { status: 422, body: { code: 'file_type_not_allowed' } }, what)
    t.match((await send(consumer, [aFile(samples.mp4, 'x.pdf', 'text/html')])).body, { contentType: 'video/mp4', name: 'x.pdf.mp4' })
  })

  t.test('comes as one part named file', async (t) => {
    const json = await consumer.post(path, { file: 'x' })
    t.match(json, { status: 400, body: { code: 'malformed_request' } })
    t.match(await consumer.post(path), { status: 400, body: { code: 'malformed_request' } })
    t.match(await send(consumer, []), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'file' }] } })
    t.match(await send(consumer, [{ field: 'file', value: 'a text field' }]), { status: 422, body: { errors: [{ path: 'file' }] } })
    t.match(await send(consumer, [{ ...aFile(samples.pdf), field: 'upload' }]), { status: 422, body: { errors: [{ path: 'upload' }] } })
    t.match(await send(consumer, [aFile(samples.pdf), aFile(samples.png)]), { status: 400 })
    t.match(await send(consumer, [aFile(samples.pdf)], path, { breaksOff: true }), { status: 400, body: { code: 'malformed_request' } }, 'broken off')
    for (const value of ['', 'x'.repeat(10_001), 'nul\u0000']) t.match(await send(consumer, [{ field: 'purpose', value }, aFile(samples.pdf)]), { status: 422, body: { errors: [{ path: 'purpose' }] } }, value.slice(0, 5))
    const { payload } = multipart([aFile(samples.pdf)])
    const noBoundary = await app.app.inject({ method: 'POST', url: `/v1${path}`, payload, headers: { 'content-type': 'multipart/form-data', authorization: `Bearer ${consumer.token}` } })
    t.equal(noBoundary.statusCode, 400)
    t.equal((await sendParts(app, shop.owner, `/disputes/${disputeId}/offers`, [aFile(samples.pdf)])).status, 400, 'other calls take no multipart')
  })

  t.test('is at most 20 MB, over a real line', async (t) => {
    const address = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const upload = async (size: number) => {
      const form = new FormData()
      form.set('file', new Blob([samples.mp4, Buffer.alloc(size - samples.mp4.length)]), '录像.mp4')
      const response = await fetch(`${address}/v1${path}`, { method: 'POST', body: form, headers: { authorization: `Bearer ${consumer.token}` } })
      return { status: response.status, body: await response.json() }
    }
    const before = (await consumer.get(path)).body.items.length
    t.match(await upload(20 * 1024 * 1024), { status: 201, body: { sizeBytes: 20 * 1024 * 1024 } })
    t.match(await upload(20 * 1024 * 1024 + 1), { status: 413, body: { code: 'too_large', maxBytes: 20 * 1024 * 1024 } })
    t.match(await upload(30 * 1024 * 1024), { status: 413, body: { code: 'too_large' } })
    t.equal((await consumer.get(path)).body.items.length, before + 1)
    t.same(await readdir(join(dataDirectory, 'incoming')), [], 'nothing is left behind')
  })

  t.test('is at most 30 files of one party, also filed at once', async (t) => {
    const { path } = await openDispute()
    const file = () => send(consumer, [aFile(Buffer.concat([samples.pdf, randomBytes(8)]))], path)
    for (let i = 0; i < 28; i++) expectStatus(await file(), 201)
    const last = await Promise.all(Array.from({ length: 5 }, file))
    t.same(last.map(({ status }) => status).sort(), [201, 201, 422, 422, 422])
    t.match(last.find(({ status }) => status === 422), { body: { code: 'too_many_files', max: 30 } })
    expectStatus(await send(shop.owner, [aFile(samples.pdf)], path), 201)
  })

  t.test('is not filed any more once the case is over', async (t) => {
    const { disputeId, path } = await openDispute()
    expectStatus(await send(consumer, [aFile(samples.pdf)], path), 201)
    expectStatus(await consumer.post(`/disputes/${disputeId}/withdraw`), 200)
    t.match(await send(consumer, [aFile(samples.png)], path), { status: 409, body: { code: 'wrong_state', state: 'withdrawn', allowed: ['negotiation', 'mediation', 'arbitration'] } })
    t.equal(expectStatus(await consumer.get(path), 200).body.items.length, 1, 'and stays to be read')
  })
})
