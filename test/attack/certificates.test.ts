import t from 'tap'
import { startApp } from '../support/app.js'
import { maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { report } from './report.js'

/*
 * Certificates are numbered without gaps, as an office numbers its documents, and checked by their
 * number alone, as whoever holds one on paper must be able to. So anybody can go through a series.
 * What they gather by it is exactly what is public of each: that it was issued, of what kind, when,
 * whether it stands, its hashes and its place in the log; and they gather it slowly.
 */

t.setTimeout(120_000)

t.test('whoever goes through the numbers', async (t) => {
  const app = await startApp(t, { processes: 1, rateLimits: true })
  const shop = await newShop(app)
  const consumers = [await newConsumer(app, { legalName: '欧阳秋水' }), await newConsumer(app, { legalName: '诸葛明月' })]
  const productId = await listProduct(app, shop)
  const numbers: string[] = []
  const contracts: string[] = []
  for (const consumer of consumers) {
    const id = await buy(app, consumer, productId)
    contracts.push(id)
    expectStatus(await consumer.get(`/contracts/${id}/certificate`), 200)
    const { body: { items } } = expectStatus(await consumer.get(`/contracts/${id}/documents`), 200)
    numbers.push(items.find(({ kind }: any) => kind === 'deposit_certificate').subject)
  }
  await app.keepEvidence()
  const notary = await maker(app)
  expectStatus(await notary.post(`/certificates/${numbers[1]}/revocation`, { reason: '欧阳秋水的身份有误' }), 200)
  let tried = 0
  const escapes: string[] = []

  const publicFields = ['documentSha256', 'evidence', 'issuedAt', 'kind', 'number', 'revokedAt', 'sealedSha256', 'status']
  const secrets = [...contracts, ...consumers.flatMap(({ userId, phone, idNumber, legalName }) => [userId, phone, idNumber, legalName]), shop.merchantId, shop.ownerPhone, '测试健身馆', notary.userId, '身份有误']

  t.test('learns of each what is public of it, and of no person, place or sum', async (t) => {
    const [year, office] = (numbers[0] as string).split('-')
    for (let place = 0; place < 12; place++) {
      const number = `${year}-${office}-${String(place).padStart(6, '0')}`
      for (const accept of ['application/json', 'text/html']) {
        tried += 1
        const answer = await app.nobody.get(`/certificates/${number}`, { headers: { accept } })
        const isIssued = numbers.includes(number)
        if (answer.status !== (isIssued ? 200 : 404)) escapes.push(`${number}: ${answer.status}`)
        const text = JSON.stringify(answer.body)
        for (const secret of secrets) if (text.includes(secret)) escapes.push(`${number} tells ${secret}`)
        if (isIssued && accept === 'application/json' && JSON.stringify(Object.keys(answer.body).sort()) !== JSON.stringify(publicFields)) escapes.push(`${number} tells ${Object.keys(answer.body).join(', ')}`)
      }
    }
    t.equal(numbers.length, 2)
    const { body } = await app.nobody.get(`/certificates/${numbers[1]}`)
    t.match(body, { kind: 'deposit_certificate', status: 'valid', revokedAt: null }, 'what is only proposed is nobody\'s business')
    t.same(Object.keys(body.evidence).sort(), ['checkpoint', 'leafIndex'])
    t.same(escapes.splice(0), [])
  })

  t.test('is told the same of a number that was not given yet, of another year and of an office that is not there', async (t) => {
    const plain = async (number: string) => {
      tried += 1
      const { status, body: { requestId: _, ...rest } } = await app.nobody.get(`/certificates/${number}`)
      return { status, rest }
    }
    const [one, ...others] = [await plain('2026-001-999999'), await plain('1999-001-000001'), await plain('2026-002-000001'), await plain('2026-65535-000001'), await plain('2026-000-000001'), await plain('9999-001-999999999')]
    for (const other of others) t.same(other, one)
    t.match(one, { status: 404 })
  })

  t.test('cannot open what a number is of, nor its leaf in the log', async (t) => {
    const stranger = await newConsumer(app)
    const { body: { evidence: { leafIndex } } } = await app.nobody.get(`/certificates/${numbers[0]}`)
    for (const [path, status] of [[`/certificates/${numbers[0]}/revocation`, 403], [`/contracts/${contracts[0]}/certificate`, 404], [`/contracts/${contracts[0]}/documents`, 404], [`/evidence/entries/${leafIndex}`, 404]] as const) {
      tried += 2
      t.equal((await stranger.get(path)).status, status, path.replace(/_\w{26}/, ''))
      t.equal((await app.nobody.get(path)).status, 401)
    }
  })

  t.test('is told to wait before a minute is over, whatever is asked for', async (t) => {
    const statuses: number[] = []
    let waits: string | undefined
    for (let i = 0; i < 70; i++) {
      tried += 1
      const { status, headers } = await app.nobody.get(`/certificates/2026-001-${String(i).padStart(6, '0')}`)
      statuses.push(status)
      if (status === 429) waits = headers['retry-after']
    }
    t.equal(statuses.at(-1), 429)
    t.ok(statuses.filter((status) => status !== 429).length <= 60, 'no more than sixty in a minute')
    t.ok(Number(waits) > 0 && Number(waits) <= 60, 'and told for how long')
    t.equal((await app.nobody.get('/products')).status, 200, 'other calls are not counted with it')
    report('certificates', [{ what: 'numbers of certificates gone through', tried, escapes: escapes.length }])
  })
})
