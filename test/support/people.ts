import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { checkCharacterOf } from '../../src/identity/model.js'
import type { Answer, Api, TestApp } from './app.js'

export const demoPassword = 'Ticun-demo-1'

type SignInAs = Readonly<{ phone: string; end: string; password?: string; merchantId?: string; officeId?: string }>

/** An API that belongs to one signed-in person. It signs in anew when its token has expired, so the clock may be moved freely. */
export type Person = Api & Readonly<{ userId: string; user: { id: string; end: string; roles: string[]; officeId?: string; merchantId?: string } }>

/** The newest code that went to a phone, from the sandbox's list of messages. */
export const codeFor = async ({ nobody }: TestApp, phone: string): Promise<string> => {
  const { body } = await nobody.get(`/sandbox/messages?phone=${phone}`)
  return body.items.find((message: { code?: string }) => message.code !== undefined).code
}

/** Asks for a sign-in code and gives the answer of POST /auth/sessions. */
export const trySignIn = async (app: TestApp, { phone, ...rest }: SignInAs): Promise<Answer> => {
  const challenge = await app.nobody.post('/auth/challenges', { phone, purpose: 'login' })
  if (challenge.status !== 201) return challenge
  return app.nobody.post('/auth/sessions', { challengeId: challenge.body.challengeId, code: await codeFor(app, phone), ...rest })
}

/** Signs in over HTTP, with the sandbox's SMS. */
export const signIn = async (app: TestApp, as: SignInAs): Promise<Person> => {
  const begin = async () => {
    const { status, body } = await trySignIn(app, as)
    if (status !== 201) throw new Error(`${as.phone} cannot sign in as ${as.end}: ${JSON.stringify(body)}`)
    return body
  }
  const first = await begin()
  let api = app.as(first.accessToken)

  // Calls at once find the token expired together, and one sign-in serves them all.
  let renewal: Promise<void> | undefined
  const renewing = async (call: () => Promise<Answer>): Promise<Answer> => {
    const answer = await call()
    if (answer.status !== 401 || answer.body.code !== 'unauthenticated') return answer
    renewal ??= begin().then(({ accessToken }) => { api = app.as(accessToken) }).finally(() => { renewal = undefined })
    await renewal
    return call()
  }

  return {
    get: (path, options) => renewing(() => api.get(path, options)),
    post: (path, body, options) => renewing(() => api.post(path, body, options)),
    put: (path, body, options) => renewing(() => api.put(path, body, options)),
    delete: (path, options) => renewing(() => api.delete(path, options)),
    get token () { return api.token },
    userId: first.user.id,
    user: first.user
  }
}

let phones = randomInt(100_000_000)

/** A mobile number nobody has used in this process. */
export const newPhone = (): string => `137${String(phones++ % 100_000_000).padStart(8, '0')}`

/** An ID number with the right check character, born between 1960 and 1999. */
export const newIdNumber = (): string => {
  const birth = `${1960 + randomInt(40)}${String(1 + randomInt(12)).padStart(2, '0')}${String(1 + randomInt(28)).padStart(2, '0')}`
  const digits = `310105${birth}${String(randomInt(1000)).padStart(3, '0')}`
  return digits + checkCharacterOf(digits)
}

type NewConsumer = Readonly<{ phone?: string; legalName?: string; idNumber?: string }>

export type Consumer = Person & Readonly<{ phone: string; legalName: string; idNumber: string }>

/** A new consumer whose identity is set. */
export const newConsumer = async (app: TestApp, { phone = newPhone(), legalName = '张三', idNumber = newIdNumber() }: NewConsumer = {}): Promise<Consumer> => {
  const person = await signIn(app, { phone, end: 'consumer' })
  const answer = await person.put('/me/identity', { legalName, idNumber })
  if (answer.status !== 200) throw new Error(`the identity was refused: ${JSON.stringify(answer.body)}`)
  return Object.assign(person, { phone, legalName, idNumber })
}

const staff = (phone: string, end: string) => (app: TestApp): Promise<Person> => signIn(app, { phone, end, password: demoPassword })

/** The seeded staff of the sandbox. Both notaries may make and check. */
export const operator = staff('13800000001', 'operator')
export const maker = staff('13800000002', 'notary')
export const checker = staff('13800000003', 'notary')
export const bureau = staff('13800000004', 'bureau')
export const mediator = staff('13800000005', 'adjudicator')
export const arbitrator = staff('13800000006', 'adjudicator')
/** The three administrators of the deployment. */
export const systemAdministrator = staff('13800000007', 'administrator')
export const securityAdministrator = staff('13800000008', 'administrator')
export const auditAdministrator = staff('13800000009', 'administrator')

/** What an authenticator application shows at the service's time, some steps of 30 s away from it. */
export const totpAt = async ({ nobody }: TestApp, secret: string, steps = 0): Promise<string> => {
  const { body: { now } } = await nobody.get('/sandbox/clock')
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.parse(now) + steps * 30_000 })
}
