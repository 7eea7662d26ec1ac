import t from 'tap'
import { worker } from '../../src/db/unit-of-work.js'
import { checkInvariants } from '../../src/checks/store.js'
import { clockAt } from '../../src/kernel/clock.js'
import { createInquiry } from '../../src/ledger/inquiry.js'
import { assetKinds, credit, debit } from '../../src/ledger/model.js'
import { createLedger } from '../../src/ledger/service.js'
import { createJournalTotals } from '../../src/ledger/totals.js'
import { openBooks, type Books } from './support.js'

const office = 1
const minuteMs = 60_000
const start = Date.parse('2026-05-04T09:00:00Z')
const bank = { kind: 'bank', of: '1' } as const
const due = { kind: 'due_from_office', of: 'charges' } as const
const interest = { kind: 'interest', of: 'bank' } as const

/** Books events some minutes apart, every third an hour and a half after it happened. */
const post = async ({ work, evidence }: Books, from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n++) {
    const bookedAt = start + n * 17 * minuteMs
    const ledger = createLedger({ clock: clockAt(new Date(bookedAt)), evidence })
    const occurredAt = new Date(n % 3 === 0 ? bookedAt - 90 * minuteMs : bookedAt)
    await work.write(worker, office, (tx) => ledger.post(tx, n % 4 === 3
      ? { event: 'bank-charge-taken', reference: `charge ${n}`, occurredAt, lines: [debit(due, 7n), credit(bank, 7n)] }
      : { event: 'interest-credited', reference: `interest ${n}`, occurredAt, lines: [debit(bank, 100n + BigInt(n)), credit(interest, 100n + BigInt(n))] }))
  }
}

/** What the entries say, added up one by one. */
const plainly = async ({ owner }: Books, time: string, at: Date): Promise<Record<string, bigint>> => {
  const { rows } = await owner.query<{ kind: string; balance: bigint }>(`
    select e.kind, sum(case when (e.side = 'D') = (e.kind = any($2)) then e.amount_fen else -e.amount_fen end)::bigint as balance
    from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id where ${time} < $1 group by e.kind`, [at, [...assetKinds]])
  return Object.fromEntries(rows.map(({ kind, balance }) => [kind, balance]))
}

t.test('the books at any moment are the same, however much of the journal is summed', async (t) => {
  const books = await openBooks(t)
  const inquiry = createInquiry()
  const sums = () => createJournalTotals({ work: books.work, settledMs: -minuteMs, stretch: 4 })
  await post(books, 0, 21)
  await Promise.all([sums().run(office), sums().run(office), sums().run(office)])
  await post(books, 21, 9)

  const compare = async (state: string): Promise<void> => {
    for (let minute = -100; minute < 560; minute += 35) {
      const at = new Date(start + minute * minuteMs)
      for (const [by, time] of [['booking', 'e.booked_at'], ['event', 't.occurred_at']] as const) {
        const [before, since] = await books.work.read(worker, office, async (tx) => [await inquiry.totalsBefore(tx, at, by), await inquiry.totalsSince(tx, at, by)])
        const expected = await plainly(books, time, at)
        const all = await plainly(books, time, new Date('9999-01-01'))
        for (const kind of Object.keys(all)) {
          if ((before.get(kind as 'bank') ?? 0n) !== (expected[kind] ?? 0n)) t.fail(`${state}, ${kind} before ${at.toISOString()} by ${by}: ${before.get(kind as 'bank')} for ${expected[kind]}`)
          if ((before.get(kind as 'bank') ?? 0n) + (since.get(kind as 'bank') ?? 0n) !== all[kind]) t.fail(`${state}, ${kind} since ${at.toISOString()} by ${by}`)
        }
      }
    }
  }
  const summed = async () => (await books.owner.query<{ from_id: string; until_id: string }>('select distinct from_id, until_id from journal_totals order by until_id')).rows

  await compare('a part summed')
  const stretches = await summed()
  t.equal(stretches.length, 6, '21 transfers are six stretches of four, by whichever of three processes')
  t.same(stretches.slice(1).map(({ from_id }) => from_id), stretches.slice(0, -1).map(({ until_id }) => until_id), 'each begins where the one before ends')

  await sums().run(office)
  await compare('all summed')
  t.same((await checkInvariants(books.owner as never)).filter(({ name, ok }) => name === 'journal-totals-add-up' && !ok), [])
})

t.test('what was booked within a time lies within its stretches', async (t) => {
  const books = await openBooks(t)
  const inquiry = createInquiry()
  await post(books, 0, 20)
  await createJournalTotals({ work: books.work, settledMs: -minuteMs, stretch: 3 }).run(office)
  await post(books, 20, 4)
  for (const [first, last] of [[-600, -500], [-10, 30], [60, 61], [100, 200], [200, 1_000], [330, 420], [500, 600]] as const) {
    const [from, until] = [new Date(start + first * minuteMs), new Date(start + last * minuteMs)]
    const stretches = await books.work.read(worker, office, (tx) => inquiry.stretchesWithin(tx, from, until))
    const { rows } = await books.owner.query<{ id: string }>('select id from transfers where booked_at >= $1 and booked_at < $2', [from, until])
    const isWithin = (id: string) => stretches.filter((stretch) => id > stretch.from && (stretch.until === undefined || id <= stretch.until)).length
    t.same(rows.filter(({ id }) => isWithin(id) !== 1), [], `from minute ${first} to ${last}: ${rows.length}, each once`)
  }
})

t.test('a journal that was never summed is caught up with run by run', async (t) => {
  const books = await openBooks(t)
  await post(books, 0, 12)
  const sums = createJournalTotals({ work: books.work, settledMs: -minuteMs, stretch: 1 })
  const summed = async () => (await books.owner.query('select distinct until_id from journal_totals')).rowCount
  await sums.run(office)
  t.equal(await summed(), 10, 'a run does a part of it')
  await sums.run(office)
  t.equal(await summed(), 12, 'and the next one goes on')
})

t.test('what may still be booked is not summed', async (t) => {
  const books = await openBooks(t)
  await post(books, 0, 3)
  await createJournalTotals({ work: books.work }).run(office)
  t.equal((await books.owner.query('select from journal_totals')).rowCount, 0, 'an hour has not passed, whatever the clock of the business says')
})
