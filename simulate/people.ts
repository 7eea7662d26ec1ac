import { sign } from 'node:crypto'
import { tokenKeysOf } from '../src/app.js'
import { configOf, deriveKey } from '../src/config.js'
import { checkCharacterOf } from '../src/identity/model.js'
import type { Call, Client, Reply } from './client.js'
import { consumers, shops } from './plan.js'

/** Everybody who takes part, signed in over HTTP as the sandbox lets them. */

const keys = tokenKeysOf(deriveKey(configOf({ TICUN_MODE: 'sandbox' }).secret, 'token signing'))
const password = 'Ticun-demo-1'
const lifetimeSeconds = 40 * 365 * 86_400

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * The same token with a longer life, signed with the sandbox's published key: the clock is moved by
 * years, and signing in anew after each move would be most of what a run does.
 */
export const longLived = (token: string): string => {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
  const signed = `${part({ alg: 'EdDSA', typ: 'JWT', kid: keys.keyId })}.${part({ ...claims, exp: claims.iat + lifetimeSeconds })}`
  return `${signed}.${sign(null, Buffer.from(signed), keys.privatePem).toString('base64url')}`
}

type Credentials = Readonly<{ phone: string; end: string; password?: string; merchantId?: string }>

export type Person = Credentials & { token: string; userId: string }

export type Product = Readonly<{ id: string; kind: 'sessions' | 'stored_value' | 'period'; priceFen: number }>

export type Shop = Readonly<{ merchantId: string; venueId: string; owner: Person; cashier: Person; products: readonly Product[] }>

/** A card that was bought before the curtain rises. */
export type Sold = Readonly<{ id: string; holder: number; shop: number; kind: Product['kind']; priceFen: number; orderId: string; transactionId: string }>

export type Cast = Readonly<{
  sold: readonly Sold[]
  consumers: readonly Person[]
  shops: readonly Shop[]
  notaries: readonly [Person, Person]
  operator: Person
  mediator: Person
  arbitrator: Person
  bureau: Person
}>

const patience = 12

/** @throws Error where the answer is another than the one needed */
const must = async (client: Client, call: Call): Promise<any> => {
  const answered = await client.ask(0, call, patience)
  if (!answered || answered.reply.status >= 300) throw new Error(`${call.method} ${call.path}: ${JSON.stringify(answered?.reply)}`)
  return answered.reply.body
}

const post = (path: string, token?: string, body?: object, key?: string): Call => ({ method: 'POST', path, token, body, key: key ?? `${path}-${Math.random()}` })

/** The newest code that was sent to a phone. */
export const codeFor = async (client: Client, service: number, phone: string): Promise<string | undefined> => {
  const reply: Reply = await client.send(service, { method: 'GET', path: `/sandbox/messages?phone=${phone}` })
  return reply.body?.items?.find(({ code }: { code?: string }) => code !== undefined)?.code
}

/** Signs in. @returns undefined where it did not work out, as in a storm it may not */
export const trySignIn = async (client: Client, service: number, credentials: Credentials, tries = patience): Promise<{ token: string; userId: string } | undefined> => {
  const { phone, ...rest } = credentials
  const challenge = await client.ask(service, { method: 'POST', path: '/auth/challenges', body: { phone, purpose: 'login' } }, tries)
  if (challenge?.reply.status !== 201) return undefined
  const code = await codeFor(client, service, phone).catch(() => undefined)
  if (code === undefined) return undefined
  const session = await client.ask(service, { method: 'POST', path: '/auth/sessions', body: { challengeId: challenge.reply.body.challengeId, code, ...rest } }, tries)
  if (session?.reply.status !== 201) return undefined
  const { accessToken, user } = session.reply.body
  return { token: longLived(accessToken), userId: user.id }
}

const signIn = async (client: Client, credentials: Credentials): Promise<Person> => {
  const granted = await trySignIn(client, 0, credentials)
  if (!granted) throw new Error(`${credentials.phone} cannot sign in as ${credentials.end}`)
  return { ...credentials, ...granted }
}

const creditAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'

const creditCodeOf = (number: number): string => {
  const body = `91310105MA1TM${String(number).padStart(4, '0')}`
  let weight = 1
  let sum = 0
  for (const character of body) {
    sum += creditAlphabet.indexOf(character) * weight
    weight = (weight * 3) % 31
  }
  return body + creditAlphabet[(31 - (sum % 31)) % 31]
}

const idNumberOf = (number: number): string => {
  const digits = `3101051990${String(1 + number % 12).padStart(2, '0')}${String(1 + number % 28).padStart(2, '0')}${String(number % 1_000).padStart(3, '0')}`
  return digits + checkCharacterOf(digits)
}

const perSession = { release: 'per_session', objectionHours: 24 }
const terms = '自付款之日起七日内可无理由全额退款。'

/** Prices that do not divide, cards that are used up soon and cards that last. */
const offers = [
  { name: '40 次卡', kind: 'sessions', priceFen: 59_999, sessions: 37, bonusSessions: 3, listPricePerSessionFen: 2_100, listPriceProof: '前台价目表', validDays: 365, settlementRule: perSession },
  { name: '7 次体验卡', kind: 'sessions', priceFen: 1_003, sessions: 7, validDays: 60, settlementRule: { release: 'per_session', objectionHours: 2 } },
  { name: '储值卡', kind: 'stored_value', priceFen: 100_000, bonusFen: 20_001, validDays: 730, settlementRule: perSession },
  { name: '月卡', kind: 'period', priceFen: 30_001, periodDays: 31, validDays: 31, settlementRule: { release: 'per_day', objectionHours: 24 } }
] as const

const openShop = async (client: Client, notary: Person, number: number): Promise<Shop> => {
  const [ownerPhone, cashierPhone] = [`1361000${String(number).padStart(4, '0')}`, `1362000${String(number).padStart(4, '0')}`]
  const applicant = await signIn(client, { phone: ownerPhone, end: 'consumer' })
  const name = `模拟健身馆 ${number}`
  const { id: merchantId } = await must(client, post('/merchants', applicant.token, {
    name, category: 'gym', district: '长宁区', creditCode: creditCodeOf(number), ownerPhone,
    settlementAccount: { bankName: '中国工商银行', accountName: `${name}有限公司`, accountNumber: `1001234567890${String(number).padStart(3, '0')}` }
  }))
  await must(client, post(`/merchants/${merchantId}/approve`, notary.token))
  const owner = await signIn(client, { phone: ownerPhone, end: 'merchant', merchantId })
  const { id: venueId } = await must(client, post(`/merchants/${merchantId}/venues`, owner.token, { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil: '2099-12-31' }))
  await must(client, post(`/merchants/${merchantId}/staff`, owner.token, { phone: cashierPhone, name: '前台', role: 'cashier' }))
  const cashier = await signIn(client, { phone: cashierPhone, end: 'merchant', merchantId })
  const products: Product[] = []
  for (const offer of offers) {
    const { id } = await must(client, post('/products', owner.token, { ...offer, coolingOffDays: 7, terms }))
    await must(client, post(`/products/${id}/submit`, owner.token))
    await must(client, post(`/products/${id}/approve`, notary.token))
    products.push({ id, kind: offer.kind, priceFen: offer.priceFen })
  }
  return { merchantId, venueId, owner, cashier, products }
}

const openConsumer = async (client: Client, number: number): Promise<Person> => {
  const person = await signIn(client, { phone: `1363000${String(number).padStart(4, '0')}`, end: 'consumer' })
  await must(client, { method: 'PUT', path: '/me/identity', token: person.token, body: { legalName: `模拟 ${number}`, idNumber: idNumberOf(number) } })
  return person
}

const buy = async (client: Client, { token, phone }: Person, holder: number, shop: number, { id: productId, kind, priceFen }: Product): Promise<Sold> => {
  const { id } = await must(client, post('/contracts', token, { productId }))
  const { challengeId } = await must(client, { method: 'POST', path: '/auth/challenges', token, body: { phone, purpose: 'sign_contract', contractId: id } })
  await must(client, post(`/contracts/${id}/signature`, token, { challengeId, code: await codeFor(client, 0, phone), acceptArbitration: holder % 2 === 0 }))
  const { id: orderId } = await must(client, post(`/contracts/${id}/payments`, token, { channel: 'sandbox' }))
  const { transactionId } = await must(client, { method: 'POST', path: `/sandbox/payments/${orderId}/pay`, body: { outcome: 'success' }, timeoutMs: 60_000 })
  return { id, holder, shop, kind, priceFen, orderId, transactionId }
}

const besideEachOther = 6

/** Every consumer has a card to begin with. */
const sell = async (client: Client, people: readonly Person[], open: readonly Shop[]): Promise<Sold[]> => {
  const sold: Sold[] = []
  for (let from = 0; from < people.length; from += besideEachOther) {
    sold.push(...await Promise.all(people.slice(from, from + besideEachOther).map((person, i) => {
      const holder = from + i
      const { products } = open[holder % open.length] as Shop
      return buy(client, person, holder, holder % open.length, products[Math.floor(holder / open.length) % products.length] as Product)
    })))
  }
  return sold
}

const staff = (client: Client, phone: string, end: string): Promise<Person> => signIn(client, { phone, end, password })

export const openCast = async (client: Client): Promise<Cast> => {
  const notaries = [await staff(client, '13800000002', 'notary'), await staff(client, '13800000003', 'notary')] as const
  const cast = {
    notaries, operator: await staff(client, '13800000001', 'operator'), bureau: await staff(client, '13800000004', 'bureau'),
    mediator: await staff(client, '13800000005', 'adjudicator'), arbitrator: await staff(client, '13800000006', 'adjudicator')
  }
  const open: Shop[] = []
  for (let number = 0; number < shops; number++) open.push(await openShop(client, notaries[0], number))
  const people = await Promise.all(Array.from({ length: consumers }, (_, number) => openConsumer(client, number)))
  return { ...cast, shops: open, consumers: people, sold: await sell(client, people, open) }
}
