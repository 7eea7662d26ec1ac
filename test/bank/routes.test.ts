import t from 'tap'
import { newId } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { buy, makeContract, order, trySign } from '../support/purchase.js'
import { asOwner } from '../support/roles.js'
import { expectStatus, listProduct } from '../support/shop.js'
import { answerPayouts, newEarner, notariesOf, settle, violated } from '../settlement/support.js'
import { advance } from '../support/clock.js'
import { moveAtBank, send, statementOfToday, statementWith } from './support.js'

t.test('statements of the special account', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const earner = await newEarner(app, 3)
  await settle(app, earner)
  const balanceOf = async (account: string): Promise<number> =>
    (await first.get('/audit/trial-balance')).body.accounts.find((line: any) => line.account === account).balanceFen
  const openItems = async (): Promise<any[]> => expectStatus(await first.get('/suspense-items?limit=100'), 200).body.items
  const importToday = async (): Promise<any> => expectStatus(await send(app, first, await statementOfToday(app)), 201).body

  t.test('what the books know is matched by reference, and the same statement again changes nothing', async (t) => {
    const xml = await statementOfToday(app)
    const imported = expectStatus(await send(app, first, xml, { key: 'once' }), 201)
    t.match(imported.body, { format: 'camt053', lines: 3, matched: 3, unmatched: 0, differencesFen: 0, closingFen: 70_000 })
    t.notMatch(JSON.stringify(imported.body), /1001242119/, 'the account is masked')
    const again = expectStatus(await send(app, first, xml, { key: 'once' }), 201)
    t.same(again.body, imported.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.match(await send(app, first, await statementWith(app, [{}]), { key: 'once' }), { status: 422, body: { code: 'idempotency_key_reused' } })
    t.same((await send(app, second, xml)).body, imported.body, 'another person, another key: the same statement')
    t.equal((await first.get('/bank-statements')).body.items.length, 1)
    const { items } = (await first.get(`/bank-statements/${imported.body.id}/entries`)).body
    t.ok(items.every((line: any) => line.status === 'matched' && line.matchedBy === 'reference' && line.transferId !== null && line.reason !== ''))
    t.equal((await first.get(`/bank-statements/${imported.body.id}`)).body.matched, 3)
  })

  t.test('a receipt nobody knows is an item, and becomes a deposit by two people under the guards of a payment', async (t) => {
    const consumer = await newConsumer(app)
    const contract = await makeContract(consumer, await listProduct(app, earner))
    await trySign(app, consumer, contract.id)
    await order(consumer, contract.id)
    await moveAtBank(app, { side: 'CRDT', amountFen: 100_000n, counterparty: '张三', remittance: '泳卡' })
    await moveAtBank(app, { side: 'CRDT', amountFen: 7_700n, counterparty: '李四' })
    t.match(await importToday(), { lines: 5, matched: 3, unmatched: 2, differencesFen: 0 })
    t.equal(await balanceOf('suspense'), 107_700)
    await advance(app, 3 * 86_400)

    const [price, small] = await openItems()
    t.match(price, { side: 'C', amountFen: 100_000, status: 'open', ownerId: first.userId, ageDays: 3, entry: { counterparty: '张三', remittance: '泳卡', status: 'suspense' }, resolution: null })
    t.match(await second.put(`/suspense-items/${price.id}/owner`, {}), { status: 200, body: { ownerId: second.userId } })
    const propose = (id: string, body: object) => first.post(`/suspense-items/${id}/resolution`, { reason: '付款人来电说明', ...body })
    const refusals = [
      { when: 'the kind is of debits', body: { kind: 'reversed', itemId: small.id }, code: 'resolution_does_not_fit' },
      { when: 'no contract is named', body: { kind: 'deposit' }, code: 'resolution_does_not_fit' },
      { when: 'there is no reason', body: { kind: 'interest', reason: ' ' }, code: 'validation_failed' }
    ]
    for (const { when, body, code } of refusals) t.match(await propose(price.id, body), { status: 422, body: { code } }, when)

    expectStatus(await propose(small.id, { kind: 'deposit', contractId: contract.id }), 201)
    t.match(await second.post(`/suspense-items/${small.id}/resolution/approve`), { status: 422, body: { code: 'resolution_does_not_fit' } }, 'not the price')
    expectStatus(await first.post(`/suspense-items/${small.id}/resolution/withdraw`), 200)
    expectStatus(await propose(small.id, { kind: 'refund', contractId: earner.contractId }), 201)
    t.match(await second.post(`/suspense-items/${small.id}/resolution/approve`), { status: 200, body: { status: 'resolved', entry: { status: 'resolved' } } })

    t.match(await second.post(`/suspense-items/${price.id}/resolution/approve`), { status: 409, body: { code: 'wrong_state' } })
    const stillAwaited = (await consumer.get(`/contracts/${contract.id}`)).body.status
    expectStatus(await propose(price.id, { kind: 'refund', contractId: earner.contractId }), 201)
    t.match(await first.post(`/suspense-items/${price.id}/resolution/approve`), { status: 403, body: { code: 'same_person' } })
    t.match(await second.post(`/suspense-items/${price.id}/resolution/approve`), { status: 200, body: { resolution: { kind: 'refund', makerId: first.userId, checkerId: second.userId } } })
    t.equal(stillAwaited, 'cancelled', 'unpaid for a day, the contract was called off meanwhile')
    t.equal(await balanceOf('suspense'), 0)
    t.equal((await openItems()).length, 0)
    t.equal((await first.get('/suspense-items?status=resolved')).body.items.length, 2)
    t.same(await violated(app), [])
  })

  t.test('a receipt that is the exact price of a contract that waits makes it active', async (t) => {
    const consumer = await newConsumer(app)
    const contract = await makeContract(consumer, await listProduct(app, earner))
    await trySign(app, consumer, contract.id)
    await order(consumer, contract.id)
    await moveAtBank(app, { side: 'CRDT', amountFen: 100_000n, counterparty: '张三' })
    await importToday()
    const [item] = await openItems()
    expectStatus(await first.post(`/suspense-items/${item.id}/resolution`, { kind: 'deposit', contractId: contract.id, reason: '已核对回单' }), 201)
    expectStatus(await second.post(`/suspense-items/${item.id}/resolution/approve`), 200)
    const paid = (await consumer.get(`/contracts/${contract.id}`)).body
    t.match(paid, { status: 'active', money: { paidFen: 100_000, heldFen: 100_000 } })
    t.ok(paid.depositedAt !== null, 'the money is on the special account')
    t.same(await violated(app), [])
  })

  t.test('charges, interest and debits nobody knows: by kind, or as items', async (t) => {
    await moveAtBank(app, { side: 'DBIT', amountFen: 1_500n, counterparty: '', remittance: '账户管理费' })
    await moveAtBank(app, { side: 'CRDT', amountFen: 321n, counterparty: '', remittance: '三季度结息' })
    await moveAtBank(app, { side: 'CRDT', amountFen: 55n, counterparty: '某公司', remittance: '利息' })
    await moveAtBank(app, { side: 'DBIT', amountFen: 4_000n, counterparty: '某公司', remittance: '手续费' })
    const imported = await importToday()
    t.match(imported, { unmatched: 3, differencesFen: 0 }, 'whoever else writes such words is not believed')
    const { items } = (await first.get(`/bank-statements/${imported.id}/entries?limit=100`)).body
    t.same(items.filter((line: any) => line.status === 'booked').map((line: any) => [line.amountFen, line.matchedBy]), [[1_500, 'kind'], [321, 'kind']])
    t.same([await balanceOf('due_from_office'), await balanceOf('interest'), await balanceOf('unexplained_debit')], [1_500, 321, 4_000])

    const [receipt, debit] = await openItems()
    t.match(debit, { side: 'D', amountFen: 4_000 })
    expectStatus(await first.post(`/suspense-items/${receipt.id}/resolution`, { kind: 'office', reason: '公证处补足' }), 201)
    expectStatus(await second.post(`/suspense-items/${receipt.id}/resolution/approve`), 200)
    t.equal(await balanceOf('due_from_office'), 1_445)

    await moveAtBank(app, { side: 'CRDT', amountFen: 4_000n, counterparty: '某公司', remittance: '冲正' })
    await importToday()
    const back = (await openItems()).find(({ side }) => side === 'C')
    expectStatus(await first.post(`/suspense-items/${debit.id}/resolution`, { kind: 'reversed', itemId: back.id, reason: '银行冲正' }), 201)
    expectStatus(await second.post(`/suspense-items/${debit.id}/resolution/approve`), 200)
    t.same([await balanceOf('unexplained_debit'), await balanceOf('suspense'), (await openItems()).length], [0, 0, 0])
    t.same(await violated(app), [])
  })

  t.test('a statement is the bank\'s word on a payout it had not answered, and on one that comes back', async (t) => {
    const other = await newEarner(app, 2)
    await answerPayouts(app, 'unknown', other.merchantId)
    const { items: [item] } = await settle(app, other)
    t.equal(item.status, 'submitted')
    await moveAtBank(app, { side: 'DBIT', amountFen: 19_960n, reference: item.id, counterparty: '测试健身馆有限公司' })
    await moveAtBank(app, { side: 'DBIT', amountFen: 40n, reference: `${item.id}:fee`, counterparty: '公证处自有账户' })
    t.match(await importToday(), { differencesFen: 0 })
    t.match((await first.get(`/merchants/${other.merchantId}/payouts`)).body.items[0], { status: 'paid' })
    t.equal((await openItems()).length, 0)

    await moveAtBank(app, { side: 'CRDT', amountFen: 19_960n, reference: `${item.id}:rtn`, counterparty: '测试健身馆有限公司', remittance: '退汇' })
    const imported = await importToday()
    t.match(imported, { differencesFen: 0 })
    t.match((await first.get(`/merchants/${other.merchantId}/payouts`)).body.items[0], { status: 'returned' })
    t.equal(await balanceOf('payable'), 20_000)
    const { items } = (await first.get(`/bank-statements/${imported.id}/entries?limit=100`)).body
    t.same(items.filter((line: any) => line.endToEndId.startsWith(item.id)).map((line: any) => line.status), ['matched', 'matched', 'matched'])
    t.same(await violated(app), [])
  })

  t.test('without a reference, amount, counterparty and date must point at one movement alone', async (t) => {
    const [one, two] = [await newEarner(app, 1), await newEarner(app, 2)]
    await settle(app, one)
    await settle(app, two)
    const known = (line: any, counterparty: string) => ({ ...line, reference: 'NOTPROVIDED', counterparty })
    const imported = expectStatus(await send(app, first, await statementWith(app, [
      known({ side: 'DBIT', amountFen: 9_980n }, '测试健身馆(有限公司)'), known({ side: 'DBIT', amountFen: 19_960n }, '别的公司')
    ], { openingFen: 10_000_000n })), 201).body
    t.match(imported, { lines: 2, matched: 1, unmatched: 1 })
    const { items: [alike, unlike] } = (await first.get(`/bank-statements/${imported.id}/entries`)).body
    t.match(alike, { status: 'matched', matchedBy: 'amount_counterparty_date', reason: /金额、对方户名一致/ })
    t.match(unlike, { status: 'suspense', matchedBy: null })

    const transferId = await transferOf(two.merchantId)
    expectStatus(await first.post(`/suspense-items/${(await openItems())[0].id}/resolution`, { kind: 'booked', transferId, reason: '回单户名为简称' }), 201)
    expectStatus(await second.post(`/suspense-items/${(await openItems())[0].id}/resolution/approve`), 200)
    t.match((await first.get(`/bank-statements/${imported.id}/entries`)).body.items[1], { status: 'resolved', transferId })
    t.same(await violated(app), [])
  })

  /** The transfer of the newest payout of a merchant. */
  const transferOf = async (merchantId: string): Promise<string> => {
    const client = await app.pool.connect()
    try {
      await client.query("begin; set local role ticun_notary; set local ticun.office = '1'")
      const { idOf, uuidOf } = await import('../../src/kernel/id.js')
      const { rows } = await client.query("select id from transfers where event = 'payout-confirmed' and merchant_id = $1", [uuidOf(merchantId)])
      return idOf('trf', rows[0].id)
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  t.test('a statement that is wrong is refused whole', async (t) => {
    const before = (await first.get('/bank-statements')).body
    const good = await statementWith(app, [{ sequence: 1 }])
    const refusals = [
      { when: 'it declares a document type', xml: good.replace('<Document', '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document'), code: 'statement_unreadable' },
      { when: 'it names an entity', xml: good.replace('转账', '&a;'), code: 'statement_unreadable' },
      { when: 'it stops in the middle', xml: good.slice(0, -40), code: 'statement_unreadable' },
      { when: 'it is something else', xml: '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>', code: 'statement_unreadable' },
      { when: 'a line has no amount', xml: good.replace(/<Ntry>([\s\S]*?)<Amt Ccy="CNY">1.00<\/Amt>/, '<Ntry>$1'), code: 'statement_unreadable' },
      { when: 'a line is in another currency', xml: good.replace(/<Ntry>([\s\S]*?)Ccy="CNY"/, '<Ntry>$1Ccy="USD"'), code: 'statement_unreadable' },
      { when: 'it is not in its encoding', xml: Buffer.concat([Buffer.from(good.slice(0, 200)), Buffer.from([0xff, 0xfe]), Buffer.from(good.slice(200))]), code: 'statement_unreadable' },
      { when: 'it is empty', xml: ' ', code: 'statement_unreadable' },
      { when: 'it is of another account', xml: await statementWith(app, [{}], { accountNumber: '6222000000000000' }), code: 'statement_of_another_account' },
      { when: 'it does not add up', xml: (await statementWith(app, [{ sequence: 950_000 }])).replace(/<Cd>CLBD<\/Cd>([\s\S]*?)<Amt Ccy="CNY">1.00/, '<Cd>CLBD</Cd>$1<Amt Ccy="CNY">2.00'), code: 'statement_not_balanced' },
      { when: 'it contradicts an earlier one', xml: await statementWith(app, [{ sequence: 1, amountFen: 4n }]), code: 'statement_contradicts' }
    ]
    for (const { when, xml, code } of refusals) t.match(await send(app, first, xml), { status: 422, body: { code } }, when)
    t.match(await send(app, first, '{}', { type: 'application/json' }), { status: 422, body: { code: 'validation_failed' } })
    t.match(await send(app, first, 'a', { type: 'application/zip' }), { status: 400, body: { code: 'malformed_request' } })
    t.same((await first.get('/bank-statements')).body, before)
    t.match(await send(app, await newConsumer(app), good), { status: 403 })
    for (const path of [`/suspense-items/${newId('sus', 1)}`, `/bank-statements/${newId('bst', 1)}`, `/bank-statements/${newId('bst', 1)}/entries`]) t.match(await first.get(path), { status: 404 }, path)
  })

  t.test('CSV by the office\'s mapping, in GB18030', async (t) => {
    const csv = (rows: string[]): string => ['交易流水号,交易日期,贷方发生额,借方发生额,余额,凭证号,对方户名,对方账号,摘要', ...rows].join('\r\n')
    const gb = Buffer.from([0xc1, 0xd4, 0xca, 0xd7]) // 亮首, two characters that UTF-8 would not read
    const encoded = (rows: string[]): Buffer => encodeGb18030(csv(rows))
    const rows = ['`9001,2026-11-24,"1,234.50",,"101,234.50",,`王五,`6222,`转账', '9002,20261124,,34.50,"101,200.00",,,,手续费']
    const imported = expectStatus(await send(app, first, encoded(rows), { type: 'text/csv' }), 201).body
    t.match(imported, { format: 'csv', lines: 2, openingFen: 10_000_000, closingFen: 10_120_000, closingOn: '2026-11-24', matched: 1, unmatched: 1 })
    const { items } = (await first.get(`/bank-statements/${imported.id}/entries`)).body
    t.match(items, [{ entryReference: '9001', side: 'C', amountFen: 123_450, counterparty: '王五', remittance: '转账' }, { entryReference: '9002', side: 'D', amountFen: 3_450 }])
    t.same((await send(app, first, encoded(rows), { type: 'text/csv' })).body, imported)
    const refusals = [
      { when: 'a column is missing', csv: encodeGb18030('交易流水号,交易日期\r\n1,2') },
      { when: 'a line has both amounts', csv: encoded(['9003,2026-11-24,1.00,1.00,1.00,,,,']) },
      { when: 'a line has half a fen', csv: encoded(['9003,2026-11-24,1.005,,1.00,,,,']) },
      { when: 'a date is none', csv: encoded(['9003,2026-13-24,1.00,,1.00,,,,']) },
      { when: 'it is UTF-8', csv: Buffer.concat([gb.subarray(0, 1), Buffer.from(csv(['x']))]) },
      { when: 'there is no line', csv: encoded([]) }
    ]
    for (const { when, csv: payload } of refusals) t.match(await send(app, first, payload, { type: 'text/csv' }), { status: 422, body: { code: 'statement_unreadable' } }, when)
    t.match(await send(app, first, encoded(['9004,2026-11-24,1.00,,1.00,,,,', '9005,2026-11-24,1.00,,9.00,,,,']), { type: 'text/csv' }), { status: 422, body: { code: 'statement_not_balanced' } })
    t.same(await violated(app), [])
  })

  t.test('a receipt that belongs to no contract goes back to who paid it, by two people, and the bank\'s next statement knows it', async (t) => {
    await moveAtBank(app, { side: 'CRDT', amountFen: 4_200n, counterparty: '王五', remittance: '误转' })
    const { differencesFen } = await importToday()
    const item = (await openItems()).find(({ amountFen }: any) => amountFen === 4_200)
    const before = await balanceOf('suspense') - 4_200
    const account = { bankName: '中国工商银行', accountName: '王五', accountNumber: '6222 0202 0011 2233' }
    const propose = (more: object) => first.post(`/suspense-items/${item.id}/resolution`, { kind: 'payer', reason: '付款人书面说明误转', ...more })
    t.match(await propose({}), { status: 422, body: { code: 'resolution_does_not_fit' } }, 'no account')
    t.match(await propose({ account: { ...account, accountName: '赵六' } }), { status: 422, body: { code: 'resolution_does_not_fit' } }, 'another name than the payer\'s')
    expectStatus(await propose({ account }), 201)
    t.match(await first.post(`/suspense-items/${item.id}/resolution/approve`), { status: 403, body: { code: 'same_person' } })
    await answerPayouts(app, 'unknown')
    t.match(await second.post(`/suspense-items/${item.id}/resolution/approve`), { status: 200, body: { status: 'ordered' } })
    t.equal(await balanceOf('suspense'), before + 4_200, 'until the bank has paid it')
    t.match(await first.post(`/suspense-items/${item.id}/resolution/withdraw`), { status: 409, body: { code: 'wrong_state', state: 'ordered' } })
    await answerPayouts(app, 'returned')
    await advance(app, 120)
    t.match((await first.get(`/suspense-items/${item.id}`)).body, { status: 'open', resolution: null }, 'the bank refused it')
    await answerPayouts(app, 'paid')
    expectStatus(await propose({ account }), 201)
    expectStatus(await second.post(`/suspense-items/${item.id}/resolution/approve`), 200)
    t.match((await first.get(`/suspense-items/${item.id}`)).body, { status: 'resolved', resolution: { kind: 'payer', makerId: first.userId, checkerId: second.userId } })
    t.equal(await balanceOf('suspense'), before)
    const open = (await openItems()).length
    t.match(await importToday(), { differencesFen })
    t.equal((await openItems()).length, open, 'the payment is matched by its name')
    t.same(await violated(app), [])
  })

  t.test('a refund by bank that the bank sends back after it had paid it is owed again', async (t) => {
    const { differencesFen } = await importToday()
    const consumer = await newConsumer(app)
    const bought = await buy(app, consumer, await listProduct(app, earner))
    const { body: quote } = expectStatus(await consumer.post(`/contracts/${bought}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id } } = expectStatus(await consumer.post(`/contracts/${bought}/refunds`, { quoteId: quote.id }), 201)
    // The channel cannot pay it back: nothing was ever paid on the order, it says.
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    expectStatus(await second.post(`/refunds/${id}/approve`), 200)
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    expectStatus(await consumer.put(`/refunds/${id}/account`, { bankName: '招商银行', accountName: '张三', accountNumber: '6225 8801 2345 6789' }), 200)
    const refundByBank = async () => {
      expectStatus(await first.post(`/refunds/${id}/bank-transfer`), 201)
      return expectStatus(await second.post(`/refunds/${id}/bank-transfer/approve`), 200)
    }
    const { body: transfer } = await refundByBank()
    t.match((await consumer.get(`/refunds/${id}`)).body, { status: 'paid', byBank: true })
    await moveAtBank(app, { reference: transfer.id.replace('_', '').toUpperCase(), side: 'CRDT', amountFen: 100_000n, counterparty: '张三', remittance: '退汇' })
    const open = (await openItems()).length
    t.match(await importToday(), { differencesFen })
    t.match((await consumer.get(`/refunds/${id}`)).body, { status: 'failed', paidAt: null, byBank: false })
    t.match((await consumer.get(`/contracts/${bought}`)).body.money, { refundedFen: 100_000, refundPayableFen: 100_000, refundPaidFen: 0 })
    await importToday()
    t.same(await violated(app), [], 'a second notice changes nothing')
    t.equal((await openItems()).length, open)
    t.match((await refundByBank()).body, { status: 'ordered' }, 'it can be paid to another account')
    t.match((await consumer.get(`/refunds/${id}`)).body, { status: 'paid' })
    t.same(await violated(app), [])
  })
})

/** Node can read GB18030 but not write it: the table is made by reading every pair. */
const encodeGb18030 = (text: string): Buffer => {
  const decoder = new TextDecoder('gb18030')
  const table = new Map<string, Buffer>()
  for (let high = 0x81; high <= 0xfe; high++) {
    for (let low = 0x40; low <= 0xfe; low++) {
      const pair = Buffer.from([high, low])
      const character = decoder.decode(pair)
      if (character.length === 1 && character !== '\ufffd') table.set(character, pair)
    }
  }
  return Buffer.concat(Array.from(text, (character) => (character.charCodeAt(0) < 128 ? Buffer.from(character) : table.get(character) ?? Buffer.from('?'))))
}
