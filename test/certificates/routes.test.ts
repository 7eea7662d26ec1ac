import t from 'tap'
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { createApp } from '../../src/app.js'
import { startApp, type TestApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, checker, maker, newConsumer } from '../support/people.js'
import { textIn } from '../support/pdf.js'
import { buy, makeContract } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const numberIn = (answer: { headers: Record<string, any> }): string => /"(.+)\.pdf"/.exec(answer.headers['content-disposition'])![1]!

const runJobs = async (app: TestApp): Promise<void> => { expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 1 }), 200) }

t.test('certificates', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { name: '清波游泳馆' })
  const product = await listProduct(app, shop, { priceFen: 128_000 })
  const consumer = await newConsumer(app, { legalName: '李雷' })
  const contractId = await buy(app, consumer, product)
  const { body: contract } = await consumer.get(`/contracts/${contractId}`)

  const answer = expectStatus(await consumer.get(`/contracts/${contractId}/certificate`), 200)
  const number = numberIn(answer)

  t.test('a deposit is certified: a sealed document that says what the law asks for', async (t) => {
    t.equal(answer.headers['content-type'], 'application/pdf')
    t.ok(answer.bytes!.length < 300_000, `${answer.bytes!.length} bytes`)
    const text = textIn(answer.bytes!)
    for (const part of [number, '李雷', consumer.idNumber, '清波游泳馆', contractId, contract.documentSha256, '¥1,280.00（人民币壹仟贰佰捌拾元整）', '户名', '提存日期', '给付条件', '仲裁裁决', '五年']) {
      t.ok(text.includes(part), `it says ${part}`)
    }
    t.match(answer.bytes!.toString('latin1'), /\/SubFilter \/ETSI\.CAdES\.detached/)
    t.ok((await shop.owner.get(`/contracts/${contractId}/certificate`)).bytes!.equals(answer.bytes!), 'the merchant gets the same')
    t.ok((await (await maker(app)).get(`/contracts/${contractId}/certificate`)).bytes!.equals(answer.bytes!), 'and the notary')
  })

  t.test('anyone checks it, and learns of no person', async (t) => {
    const { body, headers } = expectStatus(await app.nobody.get(`/certificates/${number}`), 200)
    t.match(body, { number, kind: 'deposit_certificate', status: 'valid', revokedAt: null, sealedSha256: sha256(answer.bytes!), evidence: { leafIndex: Number, checkpoint: /\n\n— / } })
    t.equal(headers.vary, 'accept')
    const prefix = answer.bytes!.subarray(0, answer.bytes!.toString('latin1').indexOf('%%EOF\n') + 6)
    t.equal(sha256(prefix), body.documentSha256, 'the sealed file begins with what was made')
    const { body: entry } = await consumer.get(`/evidence/entries/${body.evidence.leafIndex}`)
    t.match(typeof entry === 'string' ? JSON.parse(entry) : entry, { fact: 'document-made', subject: number, payload: { kind: 'deposit_certificate', documentSha256: body.documentSha256 } })
    for (const text of ['李雷', consumer.idNumber, '清波游泳馆', consumer.phone, contractId]) t.notOk(JSON.stringify(body).includes(text))
  })

  t.test('a person sees a page that loads nothing and names nobody', async (t) => {
    const { body, headers } = expectStatus(await app.nobody.get(`/certificates/${number}`, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }), 200)
    t.equal(headers['content-type'], 'text/html; charset=utf-8')
    t.match(headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/)
    const [, style] = /<style>([^<]*)<\/style>/.exec(body)!
    t.ok(headers['content-security-policy'].includes(createHash('sha256').update(style!).digest('base64')), 'its style is the one allowed')
    t.match(body, /有效 · Valid/)
    t.ok(body.includes(number) && body.includes(sha256(answer.bytes!)))
    t.notMatch(body, /<script|src=|href=|style="/)
    for (const text of ['李雷', consumer.idNumber, '清波游泳馆', contractId]) t.notOk(body.includes(text))
  })

  t.test('numbers run without gaps, however many are asked for at once', async (t) => {
    const buyers = await Promise.all(Array.from({ length: 3 }, () => newConsumer(app)))
    const ids: [typeof buyers[number], string][] = []
    for (const buyer of buyers) ids.push([buyer, await buy(app, buyer, product)])
    const answers = await Promise.all(ids.flatMap(([buyer, id]) => [buyer.get(`/contracts/${id}/certificate`), buyer.get(`/contracts/${id}/certificate`)]))
    for (const one of answers) expectStatus(one, 200)
    await runJobs(app)
    const given = (await asRole(app, 'worker', {}, 'select number from certificates order by number')).map((row) => Number(row.number.slice(-6)))
    t.same(given, [1, 2, 3, 4], 'one for each contract')
    t.equal(new Set(answers.map(numberIn)).size, 3)
  })

  t.test('the job issues it when nobody asks', async (t) => {
    const buyer = await newConsumer(app)
    const id = await buy(app, buyer, product)
    await runJobs(app)
    await runJobs(app)
    t.match((await buyer.get(`/contracts/${id}/documents`)).body.items, [{ kind: 'contract', status: 'sealed' }, { kind: 'deposit_certificate', status: 'sealed', reason: null }])
  })

  t.test('what cannot be sealed says why, is not lost, and is made again', async (t) => {
    const buyer = await newConsumer(app)
    const id = await buy(app, buyer, product)
    // The same office as a deployment for real money would have it, before it was given a seal.
    const unsealing = await createApp({
      config: { ...sandboxConfig, mode: 'production', dataDirectory: app.dataDirectory }, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' })
    })
    t.teardown(() => unsealing.close())
    const asBuyer = (path: string) => unsealing.app.inject({ url: `/v1${path}`, headers: { authorization: `Bearer ${buyer.token}` } })
    const refused = await asBuyer(`/contracts/${id}/certificate`)
    t.match({ status: refused.statusCode, body: refused.json() }, { status: 503, body: { code: 'unavailable' } })
    const unsealed = await asBuyer(`/contracts/${id}/document`)
    t.equal(sha256(unsealed.rawPayload), (await buyer.get(`/contracts/${id}`)).body.documentSha256, 'the contract itself is read as it was signed')
    const documents = async () => (await buyer.get(`/contracts/${id}/documents`)).body.items
    const noSeal = /no seal is configured for office 1: .*SEAL_FILES/
    t.match(await documents(), [{ kind: 'contract', status: 'failed', reason: noSeal }, { kind: 'deposit_certificate', status: 'failed', reason: noSeal }])
    await runJobs(app)
    await runJobs(app)
    t.match(await documents(), [{ kind: 'contract', status: 'sealed', reason: null }, { kind: 'deposit_certificate', status: 'sealed', reason: null }])
  })

  t.test('a certificate is revoked by two notaries, with a reason', async (t) => {
    const [one, two] = [await maker(app), await checker(app)]
    t.match(await one.post(`/certificates/${number}/revocation/approve`), { status: 409, body: { code: 'wrong_state', state: 'valid', allowed: ['revocation_proposed'] } })
    t.match(await one.post(`/certificates/${number}/revocation`, {}), { status: 422, body: { code: 'validation_failed' } })
    t.match(await one.post(`/certificates/${number}/revocation`, { reason: '身份有误' }), { status: 200, body: { status: 'valid', revocation: { reason: '身份有误', revokedAt: null } } })
    t.match(await one.post(`/certificates/${number}/revocation/approve`), { status: 403, body: { code: 'same_person' } })
    t.match((await app.nobody.get(`/certificates/${number}`)).body, { status: 'valid', revokedAt: null }, 'a proposal changes nothing for others')
    t.match(await two.post(`/certificates/${number}/revocation/approve`), { status: 200, body: { status: 'revoked', revocation: { proposedBy: one.userId, revokedBy: two.userId } } })
    const { body } = await app.nobody.get(`/certificates/${number}`)
    t.match(body, { number, status: 'revoked', revokedAt: String })
    t.notOk(JSON.stringify(body).includes('身份有误'), 'the reason is the office\'s to tell')
    t.match((await app.nobody.get(`/certificates/${number}`, { headers: { accept: 'text/html' } })).body, /已撤销 · Revoked/)
    t.match(await one.post(`/certificates/${number}/revocation`, { reason: '再次' }), { status: 409, body: { code: 'wrong_state', state: 'revoked', allowed: ['valid'] } })
    t.match((await one.get(`/certificates/${number}/revocation`)).body, { status: 'revoked' })
    const facts = await asRole(app, 'notary', {}, 'select fact from evidence_entries where subject = $1 order by id', [number])
    t.same(facts.map(({ fact }) => fact), ['document-made', 'document-sealed', 'certificate-revoked'])
  })

  t.test('what is not there, or not yours, is not found', async (t) => {
    const stranger = await newConsumer(app)
    const other = await newShop(app)
    const unpaid = await buy(app, consumer, product, { pay: false })
    for (const [who, path, status] of [
      [app.nobody, '/certificates/2026-001-000999', 404], [app.nobody, '/certificates/2026-077-000001', 404], [app.nobody, '/certificates/nonsense', 404],
      [app.nobody, `/certificates/${number}?officeId=off_01k0vb4c9hfkbt9t9a6x2n8g7m`, 404], [app.nobody, `/contracts/${contractId}/certificate`, 401],
      [stranger, `/contracts/${contractId}/certificate`, 404], [stranger, `/contracts/${contractId}/documents`, 404], [other.owner, `/contracts/${contractId}/certificate`, 404],
      [consumer, `/contracts/${unpaid}/certificate`, 409], [consumer, `/certificates/${number}/revocation`, 403], [await bureau(app), `/contracts/${contractId}/certificate`, 403]
    ] as const) t.equal((await who.get(path)).status, status, path.replace(/_\w{26}/, ''))
    const { id } = (await consumer.get(`/contracts/${contractId}/documents`)).body.items[0]
    t.equal((await stranger.get(`/documents/${id}`)).status, 404)
    t.equal((await consumer.get(`/documents/${id}`)).headers['content-type'], 'application/pdf')
  })

  t.test('a document whose file is gone is set again, and is the same', async (t) => {
    const buyer = await newConsumer(app)
    const { id, documentSha256 } = await makeContract(buyer, product)
    await rm(join(app.dataDirectory, 'files'), { recursive: true })
    t.equal(sha256((await buyer.get(`/contracts/${id}/document`)).bytes!), documentSha256)
  })
})
