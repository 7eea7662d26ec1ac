import pg from 'pg'
import t from 'tap'
import { startApp } from '../support/app.js'
import { codeFor, demoPassword, maker, newConsumer, newPhone, operator, totpAt } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { report } from './report.js'

/*
 * Whoever asks for a code, or guesses one, learns nothing of whose number it is: not by the answer,
 * not by what the service asks of its database, not by the time it takes. (How many
 * codes a number is sent is counted in production only: test/identity/production.test.ts.)
 */

t.setTimeout(120_000)

type Query = (this: pg.Client, ...given: any[]) => unknown
type Answer = Readonly<{ status: number; body: any; tookMs: number; statements: readonly string[] }>

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

t.test('a stranger who tries numbers', async (t) => {
  const app = await startApp(t)
  const enrolled = await maker(app)
  const { body: { secret } } = expectStatus(await enrolled.post('/me/second-factor', { password: demoPassword }), 201)
  expectStatus(await enrolled.post('/me/second-factor/confirm', { code: await totpAt(app, secret) }), 200)
  await operator(app)
  const consumer = await newConsumer(app)

  /** Whose numbers are tried: nobody's, a consumer's, that of one of the staff, and of one who uses a second factor. */
  const numbers: Readonly<Record<string, () => string>> = { nobody: newPhone, consumer: () => consumer.phone, staff: () => '13800000001', 'staff with a second factor': () => '13800000002' }

  let heard: string[] = []
  const { prototype } = pg.Client
  const ask = prototype.query as unknown as Query
  prototype.query = function (this: pg.Client, ...given: any[]) {
    const text: unknown = typeof given[0] === 'string' ? given[0] : given[0]?.text
    if (typeof text === 'string') heard.push(text.replace(/'[^']*'/g, "'…'").replace(/\s+/g, ' ').trim())
    return ask.apply(this, given)
  } as typeof prototype.query
  t.teardown(() => { prototype.query = ask as typeof prototype.query })

  const call = async (path: string, body: object): Promise<Answer> => {
    heard = []
    const begun = performance.now()
    const answer = await app.nobody.post(path, body)
    return { ...answer, tookMs: performance.now() - begun, statements: heard }
  }
  const askFor = (phone: string): Promise<Answer> => call('/auth/challenges', { phone, purpose: 'login' })
  const wrongCode = async (phone: string): Promise<string> => String((Number(await codeFor(app, phone)) + 1) % 1_000_000).padStart(6, '0')
  const guess = async (phone: string, end: string): Promise<Answer> => {
    const { challengeId } = (await askFor(phone)).body
    return call('/auth/sessions', { challengeId, code: await wrongCode(phone), end, password: demoPassword })
  }
  const plain = ({ status, body: { requestId: _, challengeId: __, expiresAt: ___, ...rest } }: Answer) => ({ status, body: rest })
  let tried = 0
  const escapes: string[] = []
  const alike = (what: string, answers: Readonly<Record<string, unknown>>): void => {
    const [[first, model], ...others] = Object.entries(answers) as [[string, unknown], ...[string, unknown][]]
    for (const [name, answer] of others) {
      tried += 1
      if (JSON.stringify(answer) !== JSON.stringify(model)) escapes.push(`${what}: ${name} unlike ${first}: ${JSON.stringify(answer)} / ${JSON.stringify(model)}`)
    }
  }
  const ofEach = async <Result>(use: (phone: string) => Promise<Result>, names = Object.keys(numbers)): Promise<Record<string, Result>> => {
    const results: Record<string, Result> = {}
    for (const name of names) results[name] = await use((numbers[name] as () => string)())
    return results
  }
  const mapped = <From, To>(record: Readonly<Record<string, From>>, of: (value: From) => To): Record<string, To> => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]))

  t.test('asks for a code: the same answer, by the same statements', async (t) => {
    await askFor(newPhone())
    const answers = await ofEach(askFor)
    alike('the answer', mapped(answers, plain))
    alike('the statements', mapped(answers, ({ statements }) => statements))
    t.same(escapes.splice(0), [])
  })

  t.test('guesses a code: the same answer at every end, until the challenge is over', async (t) => {
    for (const end of ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator']) {
      const answers = await ofEach((phone) => guess(phone, end))
      alike(end, mapped(answers, plain))
      // Only whoever has a second factor is judged by it, after the same time: see below.
      alike(`${end}, the statements`, mapped(Object.fromEntries(Object.entries(answers).filter(([name]) => !name.includes('second factor'))), ({ statements }) => statements))
    }
    const tillTheEnd = await ofEach(async (phone) => {
      const { challengeId } = (await askFor(phone)).body
      const code = await wrongCode(phone)
      const answers: unknown[] = []
      for (let i = 0; i < 7; i++) answers.push(plain(await call('/auth/sessions', { challengeId, code, end: 'operator', password: 'x' })))
      return answers
    })
    alike('seven guesses', tillTheEnd)
    t.same(escapes.splice(0), [])
  })

  t.test('measures how long it takes: the medians of interleaved trials are as close as chance brings them', async (t) => {
    const rounds = 25
    /** `mostMs`: how far medians of this many trials come apart by chance, six standard errors, as restless as the machine is; and 5 ms that no stranger can tell over a network. */
    const measured = async (what: string, names: readonly string[], use: (phone: string) => Promise<Answer>): Promise<Readonly<{ medians: Record<string, number>; mostMs: number }>> => {
      const times: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]))
      for (let i = 0; i < rounds; i++) {
        // In another order each round, so that what comes after what is nobody's advantage.
        for (const name of [...names.slice(i % names.length), ...names.slice(0, i % names.length)]) times[name]?.push((await use((numbers[name] as () => string)())).tookMs)
      }
      const medians = mapped(times, median)
      const deviations = Object.entries(times).flatMap(([name, all]) => all.map((ms) => Math.abs(ms - (medians[name] as number))))
      const mostMs = 5 + 6 * 1.2533 * 1.4826 * median(deviations) / Math.sqrt(rounds)
      t.comment(`${what}, to be within ${mostMs.toFixed(1)} ms: ${Object.entries(medians).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(', ')}`)
      return { medians, mostMs }
    }
    const names = Object.keys(numbers)
    const asked = await measured('asking for a code', names, askFor)
    const guessed = await measured('a wrong code of a consumer', names, (phone) => guess(phone, 'consumer'))
    const atWork = await measured('a wrong code of one of the staff', names, (phone) => guess(phone, 'notary'))
    tried += 3 * rounds * names.length
    for (const [what, { medians, mostMs }] of [['asking', asked], ['guessing', guessed], ['guessing at a staff end', atWork]] as const) {
      const spread = Math.max(...Object.values(medians)) - Math.min(...Object.values(medians))
      if (spread > mostMs) escapes.push(`${what}: the medians differ by ${spread.toFixed(1)} ms`)
    }
    t.ok(Math.min(...Object.values(atWork.medians)) >= 99, 'no refusal at a staff end comes sooner than all')
    t.same(escapes.splice(0), [])
  })

  t.test('what was tried', async () => { report('sign-in', [{ what: 'codes asked for and guessed, compared by answer, statements and time', tried, escapes: escapes.length }]) })
})
