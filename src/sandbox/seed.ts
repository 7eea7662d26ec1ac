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
