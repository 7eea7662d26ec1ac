import t from 'tap'
import { newId } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { expectStatus, newShop } from '../support/shop.js'
import { newEarner, notariesOf, settle } from '../settlement/support.js'
import { advance } from '../support/clock.js'

t.test('a change of the account a merchant is paid to', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const earner = await newEarner(app, 1)
  const { owner, cashier, ownerPhone, merchantId } = earner
  const account = { bankName: '招商银行', accountName: '测试健身馆有限公司', accountNumber: '6214 8888 7777 6666', cnapsCode: '308290003011' }
  const path = `/merchants/${merchantId}/settlement-account-changes`
  const messages = async (): Promise<string[]> => (await app.nobody.get(`/sandbox/messages?phone=${ownerPhone}`)).body.items.map(({ text }: any) => text).filter((text: string) => text.includes('结算账户'))

  t.test('only the owner asks, only for an account in the merchant\'s name, one at a time', async (t) => {
    t.match(await cashier.post(path, account), { status: 403 })
    t.match(await (await newShop(app)).owner.post(path, account), { status: 404 })
    t.match(await owner.post(path, { ...account, accountName: '张三' }), { status: 422, body: { code: 'account_name_differs' } })
    t.match(await owner.post(path, { ...account, cnapsCode: '12' }), { status: 422, body: { code: 'validation_failed' } })
    const asked = expectStatus(await owner.post(path, account), 201).body
    t.match(asked, { status: 'requested', accountNumber: /\*+6666$/, effectiveAt: null })
    t.match(await owner.post(path, account), { status: 409, body: { code: 'wrong_state', state: 'requested' } })
    t.match((await messages())[0], /尾号 6666.*如非本人操作/)
    t.match(await owner.post(`/settlement-account-changes/${asked.id}/end`, { reason: '填错了' }), { status: 200, body: { status: 'ended' } })
    t.match(await first.post(`/settlement-account-changes/${asked.id}/approve`), { status: 409, body: { code: 'wrong_state', state: 'ended' } })
  })

  t.test('two notaries, a day, and then settlements are paid there', async (t) => {
    const { id } = expectStatus(await owner.post(path, account), 201).body
    expectStatus(await first.post(`/settlement-account-changes/${id}/approve`), 200)
    t.match(await first.post(`/settlement-account-changes/${id}/approve`), { status: 403, body: { code: 'same_person' } })
    t.match(await second.post(`/settlement-account-changes/${id}/approve`), { status: 200, body: { status: 'approved', firstNotaryId: first.userId, secondNotaryId: second.userId } })

    await settle(app, earner)
    t.match((await owner.get(`/merchants/${merchantId}/payouts`)).body.items[0], { account: '****0123' }, 'not yet')
    await advance(app, 23 * 3600)
    t.match((await owner.get(`/settlement-account-changes/${id}`)).body, { status: 'approved' })
    await advance(app, 3600)
    t.match((await owner.get(path)).body.items, [{ id, status: 'effective' }, { status: 'ended' }])
    t.match((await messages())[0], /已变更为尾号 6666/, 'the old contact is told')
    t.match(await second.post(`/settlement-account-changes/${id}/end`, { reason: '迟了' }), { status: 409 })
    t.match((await first.get(`/merchants/${merchantId}`)).body.application, { bankName: '招商银行', accountNumber: /\*6666$/ })
    t.match(await first.get(`/settlement-account-changes/${newId('sac', 1)}`), { status: 404 })
  })
})
