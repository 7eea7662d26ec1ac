import t from 'tap'
import { capabilitiesOf, channelOf, type Headers } from '../../src/channels/channel.js'
import { ChannelName } from '../../src/channels/model.js'
import { createSandboxChannel } from '../../src/channels/sandbox/channel.js'
import { createUnitOfWork, worker } from '../../src/db/unit-of-work.js'
import { after } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { createOffices } from '../../src/offices/service.js'
import { createOutbox } from '../../src/outbox/service.js'
import { startApp } from '../support/app.js'
import { asRole } from '../support/roles.js'

t.test('what channels can do stands in one table', async (t) => {
  t.same(Object.keys(capabilitiesOf).sort(), [...ChannelName.options].sort())
  t.match(capabilitiesOf.bank_transfer, { canRefund: false, creditsBankDirectly: true })
  for (const [name, { canRefund, refundWindowDays }] of Object.entries(capabilitiesOf)) t.equal(canRefund, refundWindowDays !== 0, name)
  t.throws(() => channelOf({}, 'wechatpay'), { code: 'channel_unavailable' })
})

t.test('the sandbox channel', async (t) => {
  const { pool, ...app } = await startApp(t)
  const clock = { now: () => new Date('2026-05-04T00:00:00Z') }
  const failures: unknown[] = []
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { throw error } })
  const outbox = createOutbox({ work, clock, vault: createVault([{ id: 'test', key: Buffer.alloc(32, 1) }], Buffer.alloc(32, 2)), awaitDelivery: true, onFailure: (_, error) => { failures.push(error) } })
  const offices = createOffices({ work, clock })
  const entries: { side: string; amountFen: bigint; accountNumber: string }[] = []
  const channel = createSandboxChannel({ work, clock, outbox, offices, key: Buffer.alloc(32, 3), enterInBank: async (_, entry) => { entries.push(entry) } })
  const [office] = await offices.list()

  let isDeaf = false
  const heard: { kind: string }[] = []
  channel.deliverTo(async (rawBody: Buffer, headers: Headers) => {
    if (isDeaf) throw new Error('nobody is there')
    heard.push(channel.verify(rawBody, headers))
  })
  t.beforeEach(() => {
    heard.length = 0
    entries.length = 0
  })

  const openOrder = async (amountFen = 1_000n) => {
    const orderId = newId('pay', 1)
    await channel.open({ orderId, amountFen, subject: 'test', expiresAt: clock.now() })
    return orderId
  }
  const paid = async (amountFen?: bigint) => {
    const orderId = await openOrder(amountFen)
    await channel.attempt({ orderId, outcome: 'success', repeat: 1 })
    return orderId
  }

  t.test('an order opened twice is one', async (t) => {
    const order = { orderId: newId('pay', 1), amountFen: 5n, subject: 'test', expiresAt: clock.now() }
    t.same(await channel.open(order), await channel.open(order))
    t.equal((await asRole(app as never, 'worker', {}, 'select 1 from sandbox_orders where amount_fen = 5')).length, 1)
  })

  t.test('an attempt is told as often as asked, and settled with the bank at once', async (t) => {
    const orderId = await openOrder()
    const transactionId = await channel.attempt({ orderId, outcome: 'success', repeat: 3 })
    t.same(heard.map(({ kind }) => kind), ['payment', 'payment', 'payment', 'settlement'])
    t.match(heard[0], { orderId, transactionId, outcome: 'success', amountFen: 1_000n, paidAt: clock.now() })
    t.match(heard[3], { office: 1, grossFen: 1_000n, feeFen: 0n, transactionIds: [transactionId], valueDate: clock.now() })
    t.match(entries, [{ side: 'CRDT', amountFen: 1_000n, accountNumber: office!.accountNumber }])
  })

  t.test('a failure moves nothing', async (t) => {
    await channel.attempt({ orderId: await openOrder(), outcome: 'failure', repeat: 1 })
    t.match(heard, [{ kind: 'payment', outcome: 'failure' }])
    t.same(entries, [])
  })

  t.test('what was not heard is told again', async (t) => {
    const orderId = await openOrder()
    isDeaf = true
    await channel.attempt({ orderId, outcome: 'success', repeat: 1 })
    isDeaf = false
    t.equal(failures.length, 2)
    t.same(heard, [])
    await outbox.job.run(1, after(clock.now(), 60_000))
    t.same(heard.map(({ kind }) => kind).sort(), ['payment', 'settlement'])
    await outbox.job.run(1, after(clock.now(), 3_600_000))
    t.equal(heard.length, 2, 'and once heard, no more')
  })

  t.test('a refund is made once for its key, however often it is asked for', async (t) => {
    const orderId = await paid()
    const request = { key: newId('ref', 1), orderId, amountFen: 600n }
    t.equal(await channel.queryRefund(request), null, 'it was never asked')
    const answers = await Promise.all(Array.from({ length: 8 }, () => channel.refund(request)))
    for (const answer of answers) t.same(answer, answers[0])
    t.match(answers[0], { outcome: 'done' })
    t.same(await channel.queryRefund(request), answers[0])
    t.same(entries.map(({ side, amountFen }) => [side, amountFen]), [['CRDT', 1_000n], ['DBIT', 600n]])
    t.match(heard.filter(({ kind }) => kind === 'settlement'), [{ grossFen: 1_000n }, { grossFen: -600n, transactionIds: [] }])
  })

  t.test('no more is refunded than was paid', async (t) => {
    const orderId = await paid()
    t.match(await channel.refund({ key: newId('ref', 1), orderId, amountFen: 1_001n }), { outcome: 'failed' })
    const both = await Promise.all([1, 2].map(() => channel.refund({ key: newId('ref', 1), orderId, amountFen: 600n })))
    t.same(both.map(({ outcome }) => outcome).sort(), ['done', 'failed'])
    t.match(await channel.refund({ key: newId('ref', 1), orderId, amountFen: 400n }), { outcome: 'done' })
    t.match(await channel.refund({ key: newId('ref', 1), orderId: newId('pay', 1), amountFen: 1n }), { outcome: 'failed' })
    t.match(await channel.refund({ key: newId('ref', 1), orderId: await openOrder(), amountFen: 1n }), { outcome: 'failed' }, 'nor before it was paid')
  })

  t.test('an order it never opened is none', async (t) => {
    await t.rejects(channel.attempt({ orderId: newId('pay', 1), outcome: 'success', repeat: 1 }), { code: 'not_found' })
    await t.rejects(channel.attempt({ orderId: newId('pay', 9), outcome: 'success', repeat: 1 }), { code: 'not_found' })
    await channel.close(newId('pay', 1))
    t.equal(await work.read(worker, 1, async () => heard.length), 0)
  })
})
