import t from 'tap'
import { checkCharacterOf } from '../../src/identity/model.js'
import { uuidOf } from '../../src/kernel/id.js'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { auditAdministrator, maker, newConsumer, newIdNumber, newPhone, operator, signIn, type Consumer } from '../support/people.js'
import { buy, makeContract, trySign } from '../support/purchase.js'
import { asOwner } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(120_000)


/** An ID number of somebody of an age, by the service's clock. */
const idNumberOfAge = async ({ nobody }: TestApp, years: number, daysLess = 0): Promise<string> => {
  const born = new Date(Date.parse((await nobody.get('/sandbox/clock')).body.now) + 8 * 3_600_000 + daysLess * 86_400_000)
  born.setUTCFullYear(born.getUTCFullYear() - years)
  const digits = `310105${born.toISOString().slice(0, 10).replaceAll('-', '')}${newIdNumber().slice(14, 17)}`
  return digits + checkCharacterOf(digits)
}

t.test('what a person may ask of their data', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notary = await maker(app)
  const productId = await listProduct(app, shop)
  const refundAll = async (consumer: Consumer, contractId: string) => {
    const { body: { id: quoteId } } = expectStatus(await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id } } = expectStatus(await consumer.post(`/contracts/${contractId}/refunds`, { quoteId }), 201)
    return async () => expectStatus(await notary.post(`/refunds/${id}/approve`), 200)
  }

  t.test('a copy holds everything about the caller, in full, and nothing about others', async (t) => {
    const consumer = await newConsumer(app, { legalName: '欧阳若兰' })
    const other = await newConsumer(app, { legalName: '司马青云' })
    const child = { legalName: '欧阳小满', idNumber: await idNumberOfAge(app, 9) }
    const { id } = await makeContract(consumer, productId, { beneficiary: child })
    expectStatus(await trySign(app, consumer, id), 200)
    await buy(app, other, productId)
    const { status, body, headers } = await consumer.get('/me/data')
    t.equal(status, 200)
    t.match(headers['content-disposition'], /^attachment; filename="ticun-personal-data.json"/)
    t.match(body, {
      format: 'ticun-personal-data/1', person: { id: consumer.userId, phone: consumer.phone, legalName: '欧阳若兰', idNumber: consumer.idNumber },
      contracts: [{ id, beneficiary: child, documents: [{ kind: 'contract' }] }], signIns: [{ outcome: 'signed_in' }]
    })
    t.equal(body.contracts.length, 1)
    t.notMatch(JSON.stringify(body), new RegExp([other.phone, other.idNumber, other.legalName, other.userId].join('|')))
    t.match(await app.nobody.get('/me/data'), { status: 401 })
    t.match(await shop.owner.get('/me/data'), { status: 403 })
  })

  t.test('a wrong identity is put right by a notary, and the caps count on', async (t) => {
    const consumer = await newConsumer(app, { legalName: '王小明' })
    const dear = await listProduct(app, shop, { priceFen: 1_900_000, sessions: 40 })
    await buy(app, consumer, dear)
    const wanted = { legalName: '王晓明', idNumber: newIdNumber(), grounds: '登记时误录，身份证照片已交公证处核对' }
    t.match(await consumer.put('/me/identity', { legalName: '王晓明', idNumber: wanted.idNumber }), { status: 409, body: { code: 'wrong_state' } })
    const { body: { id } } = expectStatus(await consumer.post('/me/corrections', wanted), 201)
    t.match(await consumer.post('/me/corrections', wanted), { status: 409, body: { state: 'asked' } }, 'one at a time')
    t.match((await consumer.get('/corrections')).body.items, [{ id, status: 'asked', legalName: '王**', idNumber: `${wanted.idNumber.slice(0, 3)}***********${wanted.idNumber.slice(-4)}` }])
    const stranger = await newConsumer(app)
    t.same((await stranger.get('/corrections')).body.items, [])
    t.match(await stranger.get(`/corrections/${id}`), { status: 403 })
    t.match(await (await operator(app)).post(`/corrections/${id}/approve`), { status: 403 })
    t.match(await notary.get(`/corrections/${id}`), { status: 200, body: { current: { legalName: '王小明', idNumber: consumer.idNumber }, wanted: { legalName: '王晓明', idNumber: wanted.idNumber } } })
    t.equal((await notary.post(`/corrections/${id}/approve`)).status, 200)
    t.match(await notary.post(`/corrections/${id}/refuse`, { reason: '晚了' }), { status: 409, body: { state: 'approved' } })
    t.match((await consumer.get('/me')).body, { legalName: '王**', idNumber: `${wanted.idNumber.slice(0, 3)}***********${wanted.idNumber.slice(-4)}` })
    t.match(await consumer.post('/contracts', { productId: dear }), { status: 422, body: { code: 'cap_exceeded' } }, 'what was bought under the number of before counts')
    const { body: { items } } = expectStatus(await (await auditAdministrator(app)).get(`/access-log?officeId=${notary.user.officeId}&operation=getCorrection`), 200)
    t.match(items, [{ personId: notary.userId }], 'that the notary looked at it is in the access log')
    const facts = await asOwner(app, 'select fact, entry from evidence_entries where subject = $1 order by created_at', [id])
    t.same(facts.map(({ fact }) => fact), ['identity-correction-asked', 'identity-corrected'])
    t.notMatch(JSON.stringify(facts), new RegExp(`${wanted.idNumber}|${consumer.idNumber}|王`))

    const refused = expectStatus(await consumer.post('/me/corrections', { ...wanted, legalName: '李四' }), 201).body.id
    t.match(await notary.post(`/corrections/${refused}/refuse`, { reason: '与证件不符' }), { status: 200, body: { status: 'refused', reason: '与证件不符' } })
    t.match(await stranger.post('/me/corrections', { ...wanted, idNumber: await idNumberOfAge(app, 8) }), { status: 422, body: { code: 'guardian_required' } })
    const bare = await signIn(app, { phone: newPhone(), end: 'consumer' })
    t.match(await bare.post('/me/corrections', wanted), { status: 409, body: { state: 'identity_not_set' } })
  })

  t.test('an account closes once nothing is open; the refusal says what to do', async (t) => {
    const consumer = await newConsumer(app)
    const close = () => consumer.post('/me/account/close', { confirm: true })
    const contractId = await buy(app, consumer, productId)
    t.match(await close(), { status: 409, body: { code: 'account_in_use', open: [{ kind: 'contract', id: contractId, todo: /申请退费/ }] } })
    t.match(await consumer.post('/me/account/close', {}), { status: 422 })
    const disputed = await buy(app, consumer, productId)
    const { body: { id: disputeId } } = expectStatus(await consumer.post('/disputes', { contractId: disputed, claimFen: 1_000, ground: 'other', statement: '未开课' }), 201)
    t.ok((await close()).body.open.some((one: any) => one.kind === 'dispute' && one.id === disputeId), 'a dispute is open')
    expectStatus(await consumer.post(`/disputes/${disputeId}/withdraw`), 200)
    const { id: unsigned } = await makeContract(consumer, productId)
    const { body: { id: handover } } = expectStatus(await consumer.post(`/contracts/${disputed}/transfers`, { phone: newPhone() }), 201)
    t.same((await close()).body.open.map(({ id }: any) => id).sort(), [contractId, disputed, unsigned, handover].sort())
    expectStatus(await consumer.post(`/contracts/${unsigned}/cancel`), 200)
    expectStatus(await consumer.post(`/transfers/${handover}/cancel`), 200)
    const approvals = [await refundAll(consumer, contractId), await refundAll(consumer, disputed)]
    t.ok((await close()).body.open.some(({ kind }: any) => kind === 'refund'))
    for (const approve of approvals) await approve()
    await advance(app, 60)
    const { status, body } = await close()
    t.equal(status, 200, JSON.stringify(body))
    t.ok(Date.parse(body.keptUntil) - Date.parse(body.closedAt) > 29 * 365 * 86_400_000, 'contracts were made: the law keeps the particulars')
    t.match(await app.as(consumer.token).get('/me'), { status: 401 })

    const whole = async () => JSON.stringify(await asOwner(app, 'select p::text, (select count(*)::int from sign_ins s where s.person_id = p.id) as seen from people p where id = $1', [uuidOf(consumer.userId)]))
    t.match(await whole(), /"seen":0/)
    t.match(await asOwner(app, "select phone_sealed, name_sealed, id_number_sealed, id_number_index from people where id = $1", [uuidOf(consumer.userId)]), [{ phone_sealed: '', name_sealed: null, id_number_sealed: null, id_number_index: null }])
    t.match(await notary.get(`/contracts/${contractId}`), { status: 200, body: { status: 'terminated' } }, 'the contract stays')
    t.equal((await notary.post(`/contracts/${contractId}/redemption-statements`)).status, 201, 'and what the law keeps serves its documents')
    t.equal((await asOwner(app, "select 1 from evidence_entries where fact = 'account-closed' and subject = $1", [consumer.userId])).length, 1)

    const again = await newConsumer(app, { phone: consumer.phone })
    t.not(again.userId, consumer.userId, 'the phone begins anew')
    t.same((await again.get('/contracts')).body.items, [])

    const light = await newConsumer(app)
    t.match(await light.post('/me/account/close', { confirm: true }), { status: 200, body: { keptUntil: null } })
    t.same(await asOwner(app, 'select 1 from retained_particulars where person_id = $1', [uuidOf(light.userId)]), [], 'without a contract nothing is kept')

    await asOwner(app, 'update retained_particulars set kept_until = now()')
    await advance(app, 2 * 86_400)
    t.same(await asOwner(app, 'select 1 from retained_particulars'), [], 'and what the law kept is erased when its time is over')
  })

  t.test('who works for a merchant ends that first', async (t) => {
    const cashier = await signIn(app, { phone: shop.cashierPhone, end: 'consumer' })
    t.match(await cashier.post('/me/account/close', { confirm: true }), { status: 409, body: { open: [{ kind: 'membership' }] } })
  })

  t.test('a child under 14 takes part through a guardian, who signs, pays and consents', async (t) => {
    const child = { legalName: '赵小苗', idNumber: await idNumberOfAge(app, 13) }
    const alone = await signIn(app, { phone: newPhone(), end: 'consumer' })
    t.match(await alone.put('/me/identity', child), { status: 422, body: { code: 'guardian_required' } })
    t.match(await alone.get('/me'), { body: { legalName: null, identityVerified: false } }, 'and the child\'s particulars are not kept')
    t.match(await alone.put('/me/identity', { legalName: '钱大', idNumber: await idNumberOfAge(app, 14) }), { status: 200 }, 'from the fourteenth birthday on')
    t.match(await (await signIn(app, { phone: newPhone(), end: 'consumer' })).put('/me/identity', { legalName: '钱二', idNumber: await idNumberOfAge(app, 14, 1) }), { status: 422 }, 'not on the day before')

    const guardian = await newConsumer(app)
    const consentsTo = async (beneficiary: object) => {
      const { id } = await makeContract(guardian, productId, { beneficiary })
      expectStatus(await trySign(app, guardian, id), 200)
      const [consent] = await asOwner(app, 'select * from guardian_consents where contract_id = $1', [uuidOf(id)])
      return { id, consent, facts: (await asOwner(app, 'select fact, entry from evidence_entries where contract_id = $1', [uuidOf(id)])) }
    }
    const { consent, facts } = await consentsTo(child)
    t.equal(consent.guardian_id, uuidOf(guardian.userId))
    t.ok(facts.some(({ fact }) => fact === 'guardian-consented'))
    t.notMatch(JSON.stringify(facts), new RegExp(`${child.idNumber}|赵小苗`))
    const grown = await consentsTo({ legalName: '赵大树', idNumber: await idNumberOfAge(app, 15) })
    t.same([grown.consent, grown.facts.some(({ fact }) => fact === 'guardian-consented')], [undefined, false], 'who is 14 or older needs none')
  })
})
