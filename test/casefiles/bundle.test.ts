import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import t from 'tap'
import { fromBufferPromise } from 'yauzl'
import { idOf, newId, uuidOf } from '../../src/kernel/id.js'
import { verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt } from '../../src/verify/receipt.js'
import { startApp } from '../support/app.js'
import { arbitrator, checker, maker, mediator, newConsumer, operator } from '../support/people.js'
import { makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { samples, sendParts } from './files.js'

t.setTimeout(120_000)

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

t.test('the bundle of a case', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, shop)
  const { id: contractId } = await makeContract(consumer, productId)
  expectStatus(await trySign(app, consumer, contractId, { acceptArbitration: true }), 200)
  await payOrder(app, (await order(consumer, contractId)).id)
  const visits: string[] = []
  for (let i = 0; i < 3; i++) {
    const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
    visits.push(expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201).body.id)
  }
  const { body: { id } } = expectStatus(await consumer.post('/disputes', { contractId, claimFen: 50_000, ground: 'service_not_as_agreed', statement: '教练换人' }), 201)
  const path = `/disputes/${id}`
  expectStatus(await consumer.post(`${path}/offers`, { refundFen: 40_000, message: '退四百元即可' }), 201)
  const photo = Buffer.concat([samples.jpeg, randomBytes(3_000_000)])
  expectStatus(await sendParts(app, consumer, `${path}/evidence`, [{ field: 'file', value: samples.pdf, filename: '../../聊天记录.pdf' }, { field: 'purpose', value: '证明换人' }]), 201)
  expectStatus(await sendParts(app, shop.owner, `${path}/evidence`, [{ field: 'file', value: photo, filename: '课表.jpg' }]), 201)
  const [mediates, decides, first, second] = [await mediator(app), await arbitrator(app), await maker(app), await checker(app)]

  const download = async (who: { token: string | undefined }) => {
    const response = await app.app.inject({ url: `/v1${path}/bundle`, headers: { authorization: `Bearer ${who.token}` } })
    t.equal(response.statusCode, 200)
    return response
  }
  const unpacked = async (bytes: Buffer): Promise<Map<string, Buffer>> => {
    const zip = await fromBufferPromise(bytes, { strictFileNames: true, lazyEntries: true })
    const files = new Map<string, Buffer>()
    for await (const entry of zip.eachEntry()) files.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)))
    return files
  }

  t.test('holds all there is, in its order, and its own hashes', async (t) => {
    const response = await download(consumer)
    t.match(response.headers, { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${id}.zip"; filename*=UTF-8''${id}.zip` })
    const files = await unpacked(response.rawPayload)
    t.same([...files.keys()], [
      'README.txt', 'dispute.json', 'messages.json', 'refund-scenarios.json', 'contract/contract.json', 'contract/document.pdf', 'contract/statement.json', 'redemptions.json',
      'files.json', 'files/consumer/01-聊天记录.pdf', 'files/merchant/02-课表.jpg', 'evidence/case.json', 'evidence/redemptions-01.json', 'manifest.json', 'SHA256SUMS'
    ])
    const json = (name: string) => JSON.parse(String(files.get(name)))
    t.match(json('dispute.json'), { id, stage: 'negotiation', statement: '教练换人', claimFen: 50_000 })
    t.match(json('messages.json'), { offers: [{ refundFen: 40_000, message: '退四百元即可' }] })
    t.same(json('refund-scenarios.json').map(({ cause }: any) => cause).sort(), ['consumer', 'merchant', 'neither'])
    t.ok(json('refund-scenarios.json').every(({ steps, lawRefs }: any) => steps.length > 0 && lawRefs.length > 0))
    t.same(json('contract/contract.json'), expectStatus(await consumer.get(`/contracts/${contractId}`), 200).body)
    t.match(String(files.get('contract/document.pdf')).slice(0, 5), '%PDF-')
    t.same(json('contract/statement.json'), (await consumer.get(`/contracts/${contractId}/statement`)).body.items)
    t.match(json('redemptions.json'), visits.map((visit) => ({ id: visit, venue: { name: '总店', address: /延安西路/ }, createdAt: String })), 'oldest first, with times and venue')
    t.match(json('files.json'), [{ party: 'consumer', purpose: '证明换人', path: 'files/consumer/01-聊天记录.pdf', sha256: sha256(samples.pdf) }, { party: 'merchant', sha256: sha256(photo) }])
    t.ok(files.get('files/merchant/02-课表.jpg')?.equals(photo))

    const manifest = json('manifest.json')
    t.match(manifest, { disputeId: id, contractId, stage: 'negotiation' })
    t.same(manifest.files, [...files].slice(0, -2).map(([name, bytes]) => ({ path: name, sizeBytes: bytes.length, sha256: sha256(bytes) })))
    t.equal(String(files.get('SHA256SUMS')), [...files].slice(0, -1).map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join(''))
  })

  t.test('proves its events by the log, so that nobody need ask the service', async (t) => {
    const files = await unpacked((await download(shop.owner)).rawPayload)
    const receipt = JSON.parse(String(files.get('evidence/case.json')))
    const facts = receipt.entries.map(({ entry }: any) => JSON.parse(entry))
    for (const fact of ['contract-signed', 'dispute-opened', 'evidence-filed']) t.ok(facts.some((one: any) => one.fact === fact), fact)
    const filed = facts.filter(({ fact }: any) => fact === 'evidence-filed')
    t.same(filed.map(({ payload }: any) => payload.sha256), [sha256(samples.pdf), sha256(photo)], 'the files by their hashes')
    t.notOk(String(files.get('evidence/case.json')).includes('聊天记录'), 'and by nothing else')
    const redeemed = JSON.parse(String(files.get('evidence/redemptions-01.json')))
    t.same(redeemed.entries.map(({ entry }: any) => JSON.parse(entry).subject), visits)
    for (const { leafIndex, inclusionProof } of [...receipt.entries, ...redeemed.entries]) t.ok(Number.isInteger(leafIndex) && Array.isArray(inclusionProof))
    t.match(receipt.checkpoint, /^— /m)
  })

  t.test('holds every entry, however many there are, in parts that each stand for themselves', async (t) => {
    const owner = new pg.Client({ connectionString: app.database.ownerUrl })
    await owner.connect()
    t.teardown(() => owner.end())
    const entry = { version: 1, fact: 'legal-meaning-told', subject: contractId, contractId, occurredAt: '2026-05-04T01:00:00.000Z', payload: {} }
    const texts = Array.from({ length: 1_050 }, () => JSON.stringify({ ...entry, salt: randomBytes(16).toString('hex') }))
    await owner.query(`
      insert into evidence_entries (office_id, id, fact, subject, contract_id, entry, created_at)
      select 1, id, 'legal-meaning-told', $1, $2, entry, now() from unnest($3::uuid[], $4::text[]) as e(id, entry)`,
    [contractId, uuidOf(contractId), texts.map(() => uuidOf(newId('evd', 1))), texts])
    const files = await unpacked((await download(consumer)).rawPayload)
    const parts = [...files.keys()].filter((name) => name.startsWith('evidence/case'))
    t.same(parts, ['evidence/case.json', 'evidence/case-part-02.json'])
    const key = verifierKeyOf((await app.nobody.get('/evidence/key')).body)
    const proven = await Promise.all(parts.map((name) => checkReceipt(String(files.get(name)), { key })))
    t.equal(new Set(proven.flatMap(({ entries }) => entries.map(({ leafIndex }) => leafIndex))).size, (await owner.query("select count(*)::int as n from evidence_positions where subject = any($1)", [[contractId, id, ...(await owner.query('select id from case_files')).rows.map((row) => idOf('fil', row.id))]])).rows[0].n)
    t.same(JSON.parse(String(files.get('manifest.json'))).files.map(({ path }: any) => path), [...files.keys()].slice(0, -2))
  })

  t.test('is the same for all who take part, and for nobody else', async (t) => {
    expectStatus(await consumer.post(`${path}/escalate`), 200)
    expectStatus(await (await operator(app)).post(`${path}/assignments`, { adjudicatorId: mediates.userId, role: 'mediator' }), 201)
    const names = async (who: typeof consumer | typeof mediates) => [...(await unpacked((await download(who)).rawPayload)).keys()]
    const expected = await names(consumer)
    for (const reader of [shop.owner, shop.cashier, mediates, first, second]) t.same(await names(reader), expected)
    for (const stranger of [await newConsumer(app), (await newShop(app)).owner, decides]) t.match(await stranger.get(`${path}/bundle`), { status: 404, body: { code: 'not_found' } })
    t.equal((await (await operator(app)).get(`${path}/bundle`)).status, 403)
    t.equal((await app.nobody.get(`${path}/bundle`)).status, 401)
    const [one, another] = [await download(consumer), await download(consumer)]
    t.ok((await unpacked(one.rawPayload)).get('manifest.json')?.equals((await unpacked(another.rawPayload)).get('manifest.json') as Buffer), 'nothing happened in between: nothing differs')
  })

  t.test('holds the papers of the case once there are some', async (t) => {
    expectStatus(await mediates.post(`${path}/proposals`, { refundFen: 30_000, message: '折中' }), 201)
    const { body: { proposals: [proposal] } } = await consumer.get(path)
    expectStatus(await consumer.post(`${path}/proposals/${proposal.id}/accept`), 200)
    expectStatus(await shop.owner.post(`${path}/proposals/${proposal.id}/accept`), 200)
    const files = await unpacked((await download(consumer)).rawPayload)
    const paper = [...files.keys()].find((name) => name.startsWith('documents/')) as string
    t.match(paper, /^documents\/01-\w+\.txt$/)
    const { documents } = JSON.parse(String(files.get('dispute.json')))
    t.equal(sha256(files.get(paper) as Buffer), documents[0].sha256, 'to the letter')
  })

  t.test('breaks off, and is no whole one, where a file cannot be read', async (t) => {
    const address = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const client = new pg.Client({ connectionString: app.database.ownerUrl })
    await client.connect()
    await client.query('alter table case_files disable row level security')
    await client.query("update case_files set file = repeat('0', 64)")
    await client.end()
    const response = await fetch(`${address}/v1${path}/bundle`, { headers: { authorization: `Bearer ${consumer.token}` } })
    await t.rejects(response.arrayBuffer())
  })
})
