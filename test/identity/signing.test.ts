import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createAudit } from '../../src/audit/service.js'
import { createSandboxSms } from '../../src/sandbox/service.js'
import { createPool } from '../../src/db/client.js'
import { placesTable } from '../../src/db/cluster.js'
import { createUnitOfWork, worker, type Actor } from '../../src/db/unit-of-work.js'
import { createPasswords } from '../../src/identity/passwords.js'
import { createPeople } from '../../src/identity/people.js'
import { createRevocations } from '../../src/identity/revocations.js'
import { createSecondFactors } from '../../src/identity/second-factors.js'
import { createIdentity } from '../../src/identity/service.js'
import { createSignIns } from '../../src/identity/sign-ins.js'
import type { SigningAttempt } from '../../src/identity/model.js'
import type { Caller } from '../../src/kernel/caller.js'
import { newId } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { createOffices } from '../../src/offices/service.js'
import { createOutbox } from '../../src/outbox/service.js'
import { createDatabase, sandboxConfig } from '../support/database.js'
import { newPhone } from '../support/people.js'

const documentSha256 = 'ab'.repeat(32)

/** Sign-in by itself, with a clock that stands where it is put, and one consumer. */
const start = async (t: Test) => {
  const database = await createDatabase()
  const pool = createPool({ connectionString: database.serviceUrl, isCluster: database.isCluster, max: 8, onError: () => undefined })
  t.teardown(async () => {
    await pool.end()
    await database.drop()
  })
  let now = new Date('2026-05-04T09:00:00Z')
  const clock = { now: () => now, moveTo: async () => undefined, agree: async () => undefined, close: async () => undefined }
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { throw error } })
  const vault = createVault(sandboxConfig.dataKeys, Buffer.alloc(32, 1))
  const outbox = createOutbox({ work, clock, vault, awaitDelivery: true, onFailure: (_, error) => { pino().error(error) } })
  const sms = createSandboxSms({ work, clock })
  outbox.on<{ phone: string; text: string; code: string }>('sms', ({ key, payload }) => sms.send({ key, ...payload }))
  const revocations = createRevocations({ work, clock })
  const people = createPeople({ clock, vault, revocations })
  const offices = createOffices({ work, clock })
  const identity = createIdentity({
    work, clock, vault, outbox, audit: createAudit({ clock }), offices, people, revocations,
    secondFactors: createSecondFactors({ clock, vault, key: Buffer.alloc(32, 4) }), signIns: createSignIns({ clock }), passwords: createPasswords({ clock, offices }),
    keys: { codes: Buffer.alloc(32, 2), refreshTokens: Buffer.alloc(32, 3) }, smsIsAvailable: true, smsIsLimited: false
  })
  const newCaller = async (phone: string): Promise<Caller> => {
    const personId = await work.write(worker, 0, async (tx) => (await people.addMember(tx, { phone, end: 'consumer', roles: [] })))
    return { personId, end: 'consumer', roles: [], office: undefined, merchantId: undefined, sessionId: newId('ses', 0), request: { id: 'r', operation: 'o', address: '::1' } }
  }
  const phone = newPhone()
  const caller = await newCaller(phone)
  const contractId = newId('ctr', 1)

  /** A challenge for the document, and the attempt that would sign it. */
  const attempt = async (): Promise<SigningAttempt> => {
    const { challengeId } = await identity.challenge({ phone, purpose: 'sign_contract', contractId }, caller, async () => ({ documentSha256 }))
    const [message] = (await sms.list(phone)).items
    return { challengeId, code: message!.code as string, personId: caller.personId, contractId, documentSha256 }
  }
  const asConsumer: Actor = { role: 'consumer', personId: caller.personId }
  const sign = async (attempt: SigningAttempt, record: () => Promise<void> = async () => undefined) => {
    await identity.verifySigning(attempt)
    await work.write(asConsumer, 1, async (tx) => {
      await identity.useSigning(tx, attempt)
      // Of a cluster the workers are asked: the coordinator stays in its own name.
      t.equal((await tx.client.query(`select current_role ${database.isCluster ? `from ${placesTable} where office_id = 1` : ''}`)).rows[0].current_role, 'ticun_consumer', 'the role is the caller\'s again')
      await record()
    })
  }
  return { identity, work, sms, phone, caller, contractId, attempt, sign, newCaller, pass: (seconds: number) => { now = new Date(now.getTime() + seconds * 1000) } }
}

const another = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

t.test('signing a document by a code', async (t) => {
  const { identity, sms, phone, attempt, sign, newCaller, pass } = await start(t)

  t.test('the message names the document, and the code signs it once', async (t) => {
    const asked = await attempt()
    t.match((await sms.list(phone)).items[0]!.text, /签署合同\(文件指纹 abababababab\)/)
    await sign(asked)
    await t.rejects(sign(asked), { code: 'code_invalid' })
  })

  t.test('of two signatures at once one is refused', async (t) => {
    const asked = await attempt()
    const outcomes = await Promise.allSettled([sign(asked), sign(asked)])
    t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    t.match(outcomes.find(({ status }) => status === 'rejected'), { reason: { code: 'code_invalid' } })
  })

  t.test('a signature that is rolled back leaves the code usable', async (t) => {
    const asked = await attempt()
    await t.rejects(sign(asked, async () => { throw new Error('a rule refused') }), /a rule refused/)
    await sign(asked)
  })

  t.test('wrong codes count although the signature is refused; the fifth ends the challenge', async (t) => {
    const asked = await attempt()
    for (let i = 0; i < 5; i++) await t.rejects(sign({ ...asked, code: another(asked.code) }), { code: 'code_invalid' })
    await t.rejects(sign(asked), { code: 'code_invalid' })
  })

  t.test('it expires after five minutes, also between the two halves', async (t) => {
    const [late, between] = [await attempt(), await attempt()]
    await identity.verifySigning(between)
    pass(300)
    await t.rejects(sign(late), { code: 'code_expired' })
    await t.rejects(identity.verifySigning(between), { code: 'code_expired' })
  })

  const stranger = await newCaller(newPhone())
  for (const [what, change] of [
    ['another document', { documentSha256: 'cd'.repeat(32) }], ['another contract', { contractId: newId('ctr', 1) }], ['another person', { personId: stranger.personId }]
  ] as const) {
    t.test(`it does not sign ${what}`, async (t) => {
      const asked = await attempt()
      await t.rejects(sign({ ...asked, ...change }), { code: 'code_invalid' })
      await sign(asked)
    })
  }

  t.test('a sign-in code signs nothing, and a signing code signs nobody in', async (t) => {
    const asked = await attempt()
    const request = { id: 'r', operation: 'signIn', address: '::1' }
    await t.rejects(identity.signIn({ challengeId: asked.challengeId, code: asked.code, end: 'consumer' }, request), { code: 'code_invalid' })
    const { challengeId } = await identity.challenge({ phone, purpose: 'login' }, undefined, async () => ({ documentSha256 }))
    const code = (await sms.list(phone)).items[0]!.code as string
    await t.rejects(sign({ ...asked, challengeId, code }), { code: 'code_invalid' })
    t.match(await identity.signIn({ challengeId, code, end: 'consumer' }, request), { claims: { end: 'consumer' } })
  })
})

t.test('sign-in codes are forgotten a day after, those of signatures are kept', async (t) => {
  const { identity, work, phone, attempt, pass } = await start(t)
  await attempt()
  await identity.challenge({ phone, purpose: 'login' }, undefined, async () => ({ documentSha256 }))
  const count = () => work.read(worker, 0, async (tx) => (await tx.client.query('select purpose from challenges')).rows.map(({ purpose }) => purpose).sort())
  await identity.job.run(0, new Date('2026-05-04T09:00:00Z'))
  t.same(await count(), ['login', 'sign_contract'])
  pass(2 * 86_400)
  await identity.job.run(0, new Date('2026-05-06T09:00:00Z'))
  t.same(await count(), ['sign_contract'])
})
