import t from 'tap'
import { verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt, type Proven } from '../../src/verify/receipt.js'
import { wordsOf } from '../../src/verify/words.js'
import { award, caseOf, execute, newCourt, newMember, openDispute, toArbitration, toMediation } from '../disputes/support.js'
import { newEarner, settle } from '../settlement/support.js'
import { startApp } from '../support/app.js'
import { textIn } from '../support/pdf.js'
import { newConsumer } from '../support/people.js'
import { expectStatus } from '../support/shop.js'

/* Receipts of all that gives one, over HTTP: what they hold, that they are sound, and who gets them. */

t.setTimeout(120_000)

t.test('receipts', async (t) => {
  const app = await startApp(t)
  const court = await newCourt(app)
  const { first: notary, second, shop, operator, bureau, arbitrator } = court
  const stranger = await newConsumer(app)
  const key = verifierKeyOf((await app.nobody.get('/evidence/key')).body)

  type Reader = Readonly<{ get: typeof stranger.get }>
  const soundFor = async (reader: Reader, path: string): Promise<Proven & { facts: string[] }> => {
    const receipt = expectStatus(await reader.get(`${path}/receipt`), 200).body
    const proven = await checkReceipt(JSON.stringify(receipt), { key, authorities: receipt.timestamp.certificates })
    return { ...proven, facts: proven.entries.map(({ entry }) => entry.fact) }
  }
  const refused = async (path: string, readers: readonly (readonly [Reader, number])[]) => {
    for (const [reader, status] of readers) t.equal((await reader.get(`${path}/receipt`)).status, status, `${path} ${status}`)
  }

  t.test('of a settlement and each of its payouts', async (t) => {
    const [earner, other] = [await newEarner(app, 2), await newEarner(app, 1)]
    const { id, items: [{ id: payout }] } = await settle(app, earner)
    const whole = await soundFor(notary, `/settlements/${id}`)
    t.match(whole.facts, ['settlement-drafted', ...whole.facts.slice(1)])
    t.ok(whole.entries.some(({ entry }) => entry.subject === payout), 'its payouts stand in it')
    const part = await soundFor(earner.owner, `/payouts/${payout}`)
    t.same(part.facts, whole.entries.filter(({ entry }) => entry.subject === payout).map(({ entry }) => entry.fact))
    t.ok(part.facts.length > 0)
    t.ok(part.entries.every(({ entry }) => entry.merchantId === earner.merchantId))
    t.match(wordsOf(part, true), /验证通过[^]*The receipt is sound/)
    await refused(`/settlements/${id}`, [[earner.owner, 403], [stranger, 403], [bureau, 403], [app.nobody, 401]])
    await refused(`/payouts/${payout}`, [[other.owner, 404], [stranger, 403], [operator, 403], [app.nobody, 401]])
    t.equal((await soundFor(notary, `/payouts/${payout}`)).facts.length, part.facts.length)
  })

  t.test('of a refund', async (t) => {
    const member = await newMember(court)
    const { body: quote } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id } } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refunds`, { quoteId: quote.id }), 201)
    expectStatus(await notary.post(`/refunds/${id}/approve`), 200)
    const { facts, entries } = await soundFor(member.consumer, `/refunds/${id}`)
    for (const fact of ['refund-requested', 'refund-approved', 'refund-sent', 'refund-confirmed']) t.ok(facts.includes(fact), `${fact} of ${facts.join(' ')}`)
    t.ok(entries.every(({ entry }) => entry.contractId === member.id))
    for (const reader of [shop.owner, notary]) t.same((await soundFor(reader, `/refunds/${id}`)).facts, facts)
    await refused(`/refunds/${id}`, [[stranger, 404], [bureau, 403], [app.nobody, 401]])
  })

  t.test('of a dispute up to its award and what was paid on it', async (t) => {
    const member = await newMember(court)
    const { id } = await openDispute(member.consumer, member.id)
    await toArbitration(court, member.consumer, id)
    expectStatus(await arbitrator.post(`/disputes/${id}/award`, award(40_000, 10_000)), 201)
    const made = await soundFor(member.consumer, `/disputes/${id}`)
    for (const fact of ['dispute-opened', 'dispute-escalated', 'award-made']) t.ok(made.facts.includes(fact), fact)
    t.match(made.entries.find(({ entry }) => entry.fact === 'award-made')?.entry.payload, { refundFen: '40000', releaseFen: '10000', documentSha256: /^[0-9a-f]{64}$/ })
    await execute({ first: notary, second }, id)
    const executed = await soundFor(shop.owner, `/disputes/${id}`)
    t.ok(executed.facts.includes('dispute-executed'), executed.facts.join(' '))
    await refused(`/disputes/${id}`, [[stranger, 404], [arbitrator, 403], [app.nobody, 401]])

    expectStatus(await arbitrator.post(`/disputes/${id}/award/corrections`, { refundFen: 42_000, releaseFen: 8_000, restoreFen: 0, reasoning: '计算有误，予以补正。' }), 201)
    const { documents } = await caseOf(member.consumer, id)
    t.match(documents, [{ kind: 'award', pdfId: /^doc_/ }, { kind: 'award_correction', pdfId: /^doc_/ }])
    const said = await Promise.all(documents.map(async ({ pdfId }: { pdfId: string }) => textIn(expectStatus(await member.consumer.get(`/documents/${pdfId}`), 200).bytes!)))
    t.match(said[0], /仲裁裁决书[^]*¥400\.00/, 'what was first decided stands as it was sealed')
    t.match(said[1], /仲裁裁决书补正[^]*第 1 次补正[^]*¥420\.00[^]*同等效力/, 'beside it the correction')
    // Which of the two is sealed first is the job's affair.
      const sealed = (await soundFor(member.consumer, `/disputes/${id}`)).entries.filter(({ entry }) => entry.fact === 'document-sealed').map(({ entry }) => entry.payload)
      t.match(sealed.sort((one: any, other: any) => (one.version ?? 1) - (other.version ?? 1)), [{ kind: 'award' }, { kind: 'award', version: 2 }])
  })

  t.test('of a settlement between the parties, and of a judgment, with the documents of both', async (t) => {
    const [agreed, lapsed] = [await newMember(court), await newMember(court, { acceptArbitration: false })]
    const settled = await openDispute(agreed.consumer, agreed.id)
    const { body: offer } = expectStatus(await agreed.consumer.post(`/disputes/${settled.id}/offers`, { refundFen: 5_000, message: '各担一半' }), 201)
    expectStatus(await shop.owner.post(`/disputes/${settled.id}/offers/${offer.id}/accept`), 200)
    const judged = await openDispute(lapsed.consumer, lapsed.id)
    await toMediation(court, lapsed.consumer, judged.id)
    expectStatus(await court.mediator.post(`/disputes/${judged.id}/mediation-failure`), 200)
    expectStatus(await notary.post(`/disputes/${judged.id}/judgment`, { caseNumber: '（2026）沪0105民初42号', refundFen: 40_000, releaseFen: 10_000, reasoning: '被告未依约提供服务。' }), 201)
    for (const [{ consumer }, id, kind, says] of [
      [agreed, settled.id, 'settlement_agreement', /和解协议[^]*¥50\.00[^]*各担一半/],
      [lapsed, judged.id, 'judgment_record', /法院裁判登记[^]*（2026）沪0105民初42号[^]*未依约提供服务[^]*¥400\.00/]
    ] as const) {
      const { pdfId, sha256 } = (await caseOf(consumer, id)).documents.find((one: { kind: string }) => one.kind === kind)
      t.match(textIn(expectStatus(await consumer.get(`/documents/${pdfId}`), 200).bytes!), says)
      t.ok((await soundFor(consumer, `/disputes/${id}`)).entries.some(({ entry }) => entry.payload.documentSha256 === sha256), 'its hash is in the log')
    }
  })
})
