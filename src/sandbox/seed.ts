import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { End } from '../kernel/caller.js'
import type { People } from '../identity/people.js'
import { hashPassword, publishedPasswordCost } from '../identity/secrets.js'
import type { NewOffice, Offices } from '../offices/service.js'

/*
 * What the sandbox begins with: one notary office, its staff, and whatever further parts are handed
 * in. The README lists it. The office's row says that the first part is there.
 */

const password = 'Ticun-demo-1'

const office: NewOffice = {
  number: 1,
  name: '上海市长宁公证处',
  district: '长宁区',
  origin: 'ticun.example/changning',
  accountNumber: '1001242119000000001',
  accountName: '上海市长宁公证处提存专户',
  bankName: '中国工商银行上海市长宁支行'
}

const staff: readonly { phone: string; end: End; name: string; roles: readonly string[] }[] = [
  { phone: '13800000001', end: 'operator', name: '平台运营', roles: [] },
  { phone: '13800000002', end: 'notary', name: '公证员甲', roles: ['maker', 'checker'] },
  { phone: '13800000003', end: 'notary', name: '公证员乙', roles: ['maker', 'checker'] },
  { phone: '13800000004', end: 'bureau', name: '监管人员', roles: [] },
  { phone: '13800000005', end: 'adjudicator', name: '调解员', roles: ['mediator'] },
  { phone: '13800000006', end: 'adjudicator', name: '仲裁员', roles: ['arbitrator'] }
]

/** System, security and audit administrator: three people, of no office. */
const administrators = [
  { phone: '13800000007', name: '系统管理员', role: 'system' },
  { phone: '13800000008', name: '安全管理员', role: 'security' },
  { phone: '13800000009', name: '审计管理员', role: 'audit' }
]

/** Once: whoever was taken away does not come back at the next start. */
export const createAdministratorSeed = ({ work, people }: Pick<Dependencies, 'work' | 'people'>) => (): Promise<void> =>
  work.write(worker, 0, async (tx) => {
    if (await people.hasEver(tx, 'administrator')) return
    const passwordHash = await hashPassword(password, publishedPasswordCost)
    for (const { phone, name, role } of administrators) {
      const personId = await people.addMember(tx, { phone, end: 'administrator', name, roles: [role] })
      await people.setPasswordHash(tx, personId, passwordHash)
    }
  })

const day = '2025-01-01'
const source = '沙箱：公开的账户可以移动时钟，不必反复登录'

/**
 * In the sandbox's office a session of the staff lives on while the clock is moved, and only whoever
 * enrolled a second factor of their own is asked for it again before acts on money.
 */
export const createPolicySeed = ({ work, offices }: Pick<Dependencies, 'work' | 'offices'>) => async (): Promise<void> => {
  const { id: scope } = await offices.byNumber(office.number)
  const values = { step_up: { minutes: 15, demandedOf: 'enrolled' }, session_policy: { staffIdleMinutes: 30 * 24 * 60 } }
  await work.write(worker, office.number, async (tx) => {
    for (const [name, value] of Object.entries(values)) await offices.enterRule(tx, { name, scope, validFrom: day, validTo: null, value, source, confirmed: false })
  })
}

type Dependencies = Readonly<{
  work: UnitOfWork
  offices: Offices
  people: People
  /** Holds off other processes that start at the same moment. */
  exclusively: <Result>(use: () => Promise<Result>) => Promise<Result>
  /** Further parts, in order, after office and staff; each must be safe to run at every start. */
  parts: readonly (() => Promise<void>)[]
}>

export const createSeed = ({ work, offices, people, exclusively, parts }: Dependencies) => {
  const openOffice = async (tx: Tx): Promise<void> => {
    await offices.establish(tx, office)
    const passwordHash = await hashPassword(password, publishedPasswordCost)
    for (const { phone, end, name, roles } of staff) {
      const personId = await people.addMember(tx, { phone, end, name, roles, office: office.number, placeName: office.name })
      await people.setPasswordHash(tx, personId, passwordHash)
    }
  }

  /** Safe at every start and in several processes at once: what is there stays as it is. */
  return (): Promise<void> => exclusively(async () => {
    const numbers = await offices.numbers()
    if (!numbers.includes(office.number)) await work.write(worker, office.number, openOffice)
    for (const part of parts) await part()
  })
}
