import { randomUUID } from 'node:crypto'
import { dateOf } from '../../src/kernel/calendar.js'
import type { BookEntry } from '../../src/sandbox/bank/model.js'
import { statementXml } from '../../src/sandbox/bank/statement.js'
import type { Answer, TestApp } from '../support/app.js'
import type { Person } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { ownServices } from '../settlement/support.js'

type Sent = Readonly<{ type?: string; key?: string }>

/** Sends a file as a statement. */
export const send = async ({ app }: TestApp, { token }: Person, payload: string | Buffer, { type = 'application/xml', key = randomUUID() }: Sent = {}): Promise<Omit<Answer, 'bytes'>> => {
  const response = await app.inject({
    method: 'POST', url: '/v1/bank-statements', payload,
    headers: { 'content-type': type, 'idempotency-key': key, authorization: `Bearer ${token ?? ''}` }
  })
  return { status: response.statusCode, body: response.json(), headers: response.headers }
}

/** The bank's statement of today. */
export const statementOfToday = async ({ nobody }: TestApp): Promise<string> => expectStatus(await nobody.get('/sandbox/bank/statement'), 200).body

export const today = async ({ nobody }: TestApp): Promise<string> => dateOf(new Date((await nobody.get('/sandbox/clock')).body.now))

type Moved = Readonly<{ reference?: string; side: 'CRDT' | 'DBIT'; amountFen: bigint; counterparty?: string; remittance?: string }>

/** The bank moves money on the special account without a word to us. */
export const moveAtBank = async (app: TestApp, { reference = randomUUID().slice(0, 30), counterparty = '某公司', remittance = '转账', ...moved }: Moved): Promise<string> => {
  const { work, clock, offices, sandboxBank } = await ownServices(app)
  const { accountNumber } = await offices.byNumber(1)
  await work.write({ role: 'worker' }, 0, (tx) => sandboxBank.enter(tx, { accountNumber, reference, counterparty, remittance, at: clock.now(), ...moved }))
  return reference
}

/** A statement of our own making; its balances add up. */
export const statementWith = async (app: TestApp, entries: Partial<BookEntry>[], { accountNumber, openingFen = 0n }: { accountNumber?: string; openingFen?: bigint } = {}): Promise<string> => {
  const { offices, clock } = await ownServices(app)
  const office = await offices.byNumber(1)
  const xml = statementXml({
    account: { ...office, accountNumber: accountNumber ?? office.accountNumber }, date: dateOf(clock.now()), createdAt: clock.now(), openingFen,
    entries: entries.map((entry, i) => ({ sequence: 900_000 + i, reference: 'NOTPROVIDED', side: 'CRDT', amountFen: 100n, counterparty: '某公司', remittance: '转账', ...entry }))
  })
  return xml.replace(/<Stmt>\s*<Id>[^<]*/, `<Stmt><Id>${randomUUID().slice(0, 30)}`)
}
