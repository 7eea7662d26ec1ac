import fc from 'fast-check'
import t from 'tap'
import { checkCharacterOf, IdNumber, Phone } from '../../src/identity/model.js'
import {
  afterWrongPassword, isMeant, judgeCode, lockOf, maskedIdNumber, maskedName, maskedPhone, mayBeSentAnother, mayHaveIdentity, mustBeFresh, needsPassword, odditiesOf
} from '../../src/identity/rules.js'
import { hashPassword, isPassword, newCode, newRefreshToken, publishedPasswordCost, sessionOfRefreshToken } from '../../src/identity/secrets.js'
import { End } from '../../src/kernel/caller.js'
import { newId } from '../../src/kernel/id.js'

const now = new Date('2026-05-04T09:00:00Z')
const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const secondsOn = (seconds: number) => secondsAgo(-seconds)

const aChallenge = { purpose: 'login', wrongCodes: 0, expiresAt: secondsOn(60), usedAt: null } as const

const codes = [
  { when: 'there is no such challenge', challenge: undefined, isRight: true, code: 'code_invalid', counts: false },
  { when: 'it was asked for another purpose', challenge: { ...aChallenge, purpose: 'sign_contract' }, isRight: true, code: 'code_invalid', counts: false },
  { when: 'it was used', challenge: { ...aChallenge, usedAt: secondsAgo(1) }, isRight: true, code: 'code_invalid', counts: false },
  { when: 'five wrong ones were tried', challenge: { ...aChallenge, wrongCodes: 5 }, isRight: true, code: 'code_invalid', counts: false },
  { when: 'it expires this instant', challenge: { ...aChallenge, expiresAt: now }, isRight: true, code: 'code_expired', counts: false },
  { when: 'it is wrong', challenge: { ...aChallenge, wrongCodes: 4 }, isRight: false, code: 'code_invalid', counts: true }
] as const

for (const { when, challenge, isRight, code, counts } of codes) {
  t.test(`a code is refused when ${when}`, async (t) => {
    t.match(judgeCode(challenge, { purpose: 'login', isRight, now }), { right: false, because: { code }, countsAsWrong: counts })
  })
}

t.test('the right code is right until the last try and the last instant', async (t) => {
  t.same(judgeCode({ ...aChallenge, wrongCodes: 4, expiresAt: secondsOn(0.001) }, { purpose: 'login', isRight: true, now }), { right: true })
})

t.test('a phone waits a minute between codes, and a day after twenty', async (t) => {
  t.doesNotThrow(() => mayBeSentAnother([], now))
  t.doesNotThrow(() => mayBeSentAnother([secondsAgo(60)], now))
  t.throws(() => mayBeSentAnother([secondsAgo(59)], now), { code: 'rate_limited', facts: { retryAfterSeconds: 1 } })
  const nineteen = Array.from({ length: 19 }, (_, i) => secondsAgo(100 + i))
  t.doesNotThrow(() => mayBeSentAnother(nineteen, now))
  t.throws(() => mayBeSentAnother([...nineteen, secondsAgo(3_600)], now), { code: 'rate_limited', facts: { retryAfterSeconds: 82_800 } })
})

t.test('five wrong passwords in a row lock for fifteen minutes, and the count begins anew', async (t) => {
  let person = { failedSignIns: 0, lockedUntil: null as Date | null }
  for (let i = 1; i <= 4; i++) {
    person = afterWrongPassword(person, now)
    t.same(person, { failedSignIns: i, lockedUntil: null })
  }
  person = afterWrongPassword(person, now)
  t.same(person, { failedSignIns: 0, lockedUntil: secondsOn(900) })
  t.match(lockOf(person.lockedUntil, now), { code: 'sign_in_locked', facts: { retryAfterSeconds: 900 } })
  t.equal(lockOf(person.lockedUntil, secondsOn(900)), undefined)
})

t.test('staff need a password, consumers and merchants do not', async (t) => {
  t.same(End.options.filter(needsPassword), ['notary', 'operator', 'bureau', 'adjudicator', 'administrator'])
})

t.test('a membership is meant when nothing else is named', async (t) => {
  const membership = { office: 2, merchantId: 'mer_a' as const }
  t.ok(isMeant(membership, {}))
  t.ok(isMeant(membership, { office: 2, merchantId: 'mer_a' }))
  t.notOk(isMeant(membership, { office: 1 }))
  t.notOk(isMeant(membership, { merchantId: 'mer_b' }))
})

t.test('an ID number stands once set', async (t) => {
  const idNumber = '11010519491231002X'
  const another = '310105199001011239'
  t.doesNotThrow(() => mayHaveIdentity(undefined, idNumber, '2026-05-04'))
  t.doesNotThrow(() => mayHaveIdentity(idNumber, idNumber, '2026-05-04'))
  t.throws(() => mayHaveIdentity(another, idNumber, '2026-05-04'), { code: 'wrong_state' })
  t.throws(() => mayHaveIdentity(undefined, idNumber, '1949-12-30'), { code: 'validation_failed', facts: { errors: [{ path: 'idNumber' }] } })
  t.throws(() => mayHaveIdentity(undefined, idNumber, '1963-12-30'), { code: 'guardian_required' })
  t.doesNotThrow(() => mayHaveIdentity(undefined, idNumber, '1963-12-31'), 'from the fourteenth birthday on')
})

t.test('a sign-in is unusual by device, by address, and by the hour once there are enough', async (t) => {
  const at = (hour: number, day = 1) => new Date(Date.UTC(2026, 4, day, hour))
  const usual = (count: number, hour: number) => Array.from({ length: count }, (_, i) => ({ address: 'a', device: 'd', at: at(hour, i + 1) }))
  t.same(odditiesOf([], { address: 'x', device: 'y', at: at(3) }), [], 'the first one of all')
  t.same(odditiesOf(usual(1, 2), { address: 'a', device: 'd', at: at(20) }), [])
  t.same(odditiesOf(usual(1, 2), { address: 'b', device: 'e', at: at(2) }), ['new_device', 'new_address'])
  t.same(odditiesOf(usual(10, 2), { address: 'a', device: 'd', at: at(20) }), ['unusual_hour'])
  t.same(odditiesOf(usual(10, 23), { address: 'a', device: 'd', at: at(1) }), [], 'over midnight too')
})

t.test('a proof of the second factor is fresh for its time, and asked of whom the rule says', async (t) => {
  const now = new Date('2026-05-04T10:00:00Z')
  const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
  const all = { minutes: 15, demandedOf: 'all' as const }
  t.doesNotThrow(() => mustBeFresh({ provenAt: minutesAgo(14), isEnrolled: false }, all, now))
  for (const provenAt of [minutesAgo(15), null]) t.throws(() => mustBeFresh({ provenAt, isEnrolled: false }, all, now), { code: 'step_up_required' })
  t.doesNotThrow(() => mustBeFresh({ provenAt: null, isEnrolled: false }, { ...all, demandedOf: 'enrolled' }, now))
  t.throws(() => mustBeFresh({ provenAt: minutesAgo(15), isEnrolled: true }, { ...all, demandedOf: 'enrolled' }, now), { code: 'step_up_required' })
})

t.test('personal data is shown masked', async (t) => {
  t.equal(maskedPhone('13800000001'), '138****0001')
  t.equal(maskedName('张三'), '张*')
  t.equal(maskedName('欧阳娜娜'), '欧***')
  t.equal(maskedName('张'), '张*')
  t.equal(maskedName('𠮷田'), '𠮷*')
  t.equal(maskedIdNumber('310105199001011234'), '310***********1234')
})

const complete = (digits: string) => digits + checkCharacterOf(digits)

t.test('ID numbers are checked by GB 11643', async (t) => {
  t.test('the standard\'s own examples hold', async (t) => {
    t.equal(IdNumber.parse('11010519491231002X'), '11010519491231002X')
    t.equal(IdNumber.parse('11010519491231002x'), '11010519491231002X')
    t.equal(complete('44052418800101001'), '440524188001010014', 'its other example, too old for us')
  })

  for (const [why, text] of [
    ['a wrong check character', '110105194912310021'], ['a day that does not exist', complete('11010519490230002')], ['the year 1899', complete('11010518991231002')],
    ['15 digits', '110105491231002'], ['a letter within', '1101051949123100AX'], ['a leading zero', complete('01010519491231002')], ['nothing', '']
  ] as const) t.test(`${why} is refused`, async (t) => { t.notOk(IdNumber.safeParse(text).success) })

  t.test('any one wrong digit, and any two neighbours exchanged, are found', async () => {
    const digits = fc.tuple(fc.integer({ min: 110_000, max: 659_999 }), fc.integer({ min: 1950, max: 2005 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }), fc.integer({ min: 0, max: 999 }))
      .map(([region, year, month, day, serial]) => `${region}${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}${String(serial).padStart(3, '0')}`)
    fc.assert(fc.property(digits, fc.nat(16), fc.integer({ min: 1, max: 9 }), (digits, at, by) => {
      const good = complete(digits)
      const wrong = good.slice(0, at) + String((Number(good[at]) + by) % 10) + good.slice(at + 1)
      const swapped = good.slice(0, at) + good[at + 1] + good[at] + good.slice(at + 2)
      return IdNumber.safeParse(good).success && !IdNumber.safeParse(wrong).success && (swapped === good || !IdNumber.safeParse(swapped).success)
    }))
  })
})

t.test('phones are mobile numbers of mainland China', async (t) => {
  for (const good of ['13000000000', '19999999999']) t.ok(Phone.safeParse(good).success)
  for (const bad of ['12000000000', '1380000000', '138000000012', '+8613800000001', '021-12345678', '１３８００００００００', ' 13800000001']) t.notOk(Phone.safeParse(bad).success, bad)
})

t.test('a password is known again, and by nothing else', async (t) => {
  const kept = await hashPassword('Ticun-demo-1', publishedPasswordCost)
  t.match(kept, /^scrypt\$4096\$8\$1\$/)
  t.ok(await isPassword('Ticun-demo-1', kept))
  t.notOk(await isPassword('Ticun-demo-2', kept))
  t.not(kept, await hashPassword('Ticun-demo-1', publishedPasswordCost), 'each has its own salt')
  t.match(await hashPassword('x'), /^scrypt\$131072\$8\$1\$/)
})

t.test('codes are six digits', async (t) => {
  for (let i = 0; i < 1_000; i++) t.match(newCode(), /^\d{6}$/)
})

t.test('a refresh token names its session, and cannot be made or changed by others', async (t) => {
  const key = Buffer.alloc(32, 1)
  const session = newId('ses', 0)
  const token = newRefreshToken(key, session)
  t.equal(sessionOfRefreshToken(key, token), session)
  t.not(newRefreshToken(key, session), token)
  t.equal(sessionOfRefreshToken(Buffer.alloc(32, 2), token), undefined)
  t.equal(sessionOfRefreshToken(key, `${token}A`), undefined)
  t.equal(sessionOfRefreshToken(key, 'rubbish'), undefined)
  const bytes = Buffer.from(token, 'base64url')
  for (const at of [0, 20, 63]) {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] as number) ^ 1
    t.equal(sessionOfRefreshToken(key, altered.toString('base64url')), undefined)
  }
})
