import t from 'tap'
import { newId } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { newConsumer, newPhone, signIn } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { application, expectStatus, listProduct, newShop } from '../support/shop.js'

t.test('what a consumer can know before paying', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { leaseUntil: '2098-05-31' })
  const page = async (id = shop.merchantId): Promise<any> => expectStatus(await app.nobody.get(`/merchants/${id}/trust`), 200)
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)

  t.test('custody, caps, lease, account and log, to anyone', async (t) => {
    const { body, headers } = await page()
    t.match(body, {
      name: '测试健身馆', status: 'active', salesSuspended: false, underCustodySince: today, activeContracts: '0', leaseUntil: '2098-05-31',
      caps: { source: '沪体规文〔2025〕1号', sessions: { priceFenMax: 2_000_000, sessionsMax: 60 }, period: { priceFenMax: 500_000, daysMax: 731 }, storedValue: { priceFenMax: 500_000 }, balanceFenMax: 2_000_000 },
      beforePaying: { account: { accountName: '上海市长宁公证处提存专户', accountNumber: '****0001' } }
    })
    t.match(headers['cache-control'], /^public, max-age=\d+$/)
    t.ok(body.beforePaying.checks.every(({ zh, en }: any) => zh.length > 10 && en.length > 10))
    // What the page says can be checked leads to what it names.
    const path = (url: string): string => url.replace(/^https?:\/\/[^/]+/, '')
    const checkpoint = (await app.nobody.get(path(body.beforePaying.evidence.checkpoint))).body
    t.equal(checkpoint.split('\n')[0], body.beforePaying.evidence.origin)
    t.match((await app.nobody.get(path(body.beforePaying.evidence.key))).body, body.beforePaying.evidence.origin)
  })

  t.test('contracts are told in bands, and nothing of a consumer or the owner', async (t) => {
    const consumer = await newConsumer(app)
    const contractId = await buy(app, consumer, await listProduct(app, shop))
    const { body } = await page()
    t.equal(body.activeContracts, '1-9')
    t.notMatch(JSON.stringify(body), new RegExp(`${contractId}|${consumer.userId}|${shop.ownerPhone}|1001234567890123|per_`))
    t.same(await asRole(app, 'anyone', {}, 'select * from merchant_contract_bands where office_id = 2'), [])
    await t.rejects(asRole(app, 'anyone', {}, 'select * from contracts'), { code: '42501' })
    // In a cluster it is not the view that is refused but what lies under it: who may read rows of that counts those.
    for (const role of app.database.isCluster ? ['operator'] as const : ['consumer', 'merchant', 'operator'] as const) await t.rejects(asRole(app, role, {}, 'select * from merchant_contract_bands'), { code: '42501' }, role)
  })

  t.test('suspended is said, and does not change since when', async (t) => {
    expectStatus(await shop.notary.post(`/merchants/${shop.merchantId}/suspend`, { reason: '投诉较多' }), 200)
    t.match((await page()).body, { status: 'suspended', salesSuspended: true, underCustodySince: today })
    expectStatus(await shop.notary.post(`/merchants/${shop.merchantId}/resume`), 200)
    t.match((await page()).body, { salesSuspended: false })
  })

  t.test('who was never accepted has no page', async (t) => {
    const applicant = await signIn(app, { phone: newPhone(), end: 'consumer' })
    const { body: { id } } = expectStatus(await applicant.post('/merchants', application()), 201)
    for (const unknown of [id, newId('mer', 1), newId('mer', 9), 'mer_x']) t.match(await app.nobody.get(`/merchants/${unknown}/trust`), { status: 404, body: { code: 'not_found' } })
  })
})
