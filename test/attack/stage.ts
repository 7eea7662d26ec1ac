import { createAdministration } from '../../src/administration.js'
import type { DatabaseRole } from '../../src/db/policies.js'
import { newParties, staffOf, type Party, type Staff } from '../http/parties.js'
import type { TestApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { mediator, newConsumer, newPhone, signIn, type Consumer, type Person } from '../support/people.js'

/** Whoever has no business with a party's things. `as`: how the database knows them. */
export type Stranger = Readonly<{
  name: string
  end: string
  person: Person
  as: Readonly<{ role: DatabaseRole; office: number; person: string; merchant?: string }>
}>

export type Stage = Readonly<{ staff: Staff; victim: Party; other: Party; strangers: readonly Stranger[] }>

const otherOffice = 2

/** The staff of an office that has nothing to do with the first one. */
const staffElsewhere = async (app: TestApp): Promise<Record<string, Person>> => {
  const administration = createAdministration({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, isCluster: app.database.isCluster })
  const run = (line: string): Promise<string> => administration.run(line.split(' '))
  await run(`office:create --number ${otherOffice} --name 某公证处 --district 徐汇区 --origin ticun.example/xuhui --bank-name 工行 --account-name 提存专户 --account-number 100124211900000002`)
  const people: Record<string, Person> = {}
  for (const [name, end, roles] of [['notary', 'notary', 'maker,checker'], ['checker', 'notary', 'maker,checker'], ['operator', 'operator', ''], ['bureau', 'bureau', ''], ['mediator', 'adjudicator', 'mediator'], ['arbitrator', 'adjudicator', 'arbitrator']] as const) {
    const phone = newPhone()
    const said = await run(`staff:add --phone ${phone} --end ${end} --office ${otherOffice} --roles ${roles || 'none'} --name 别处`.replace('--roles none ', ''))
    people[name] = await signIn(app, { phone, end, password: /: (\S+)$/.exec(said)?.[1] as string })
  }
  await administration.close()
  return people
}

/** Two parties that know nothing of each other, and everybody else who has no business with the first. */
export const newStage = async (app: TestApp): Promise<Stage> => {
  const staff = await staffOf(app)
  const [victim, other] = await newParties(app, staff, 2) as [Party, Party]
  const nobody: Consumer = await newConsumer(app)
  const elsewhere = await staffElsewhere(app)
  const mediates = await mediator(app)
  const of = (name: string, end: string, person: Person, office: number, merchant?: string): Stranger =>
    ({ name, end, person, as: { role: end as DatabaseRole, office, person: person.userId, ...(merchant ? { merchant } : {}) } })
  const strangers = [
    of('a consumer of another contract', 'consumer', other.consumer, 1), of('a consumer of no contract', 'consumer', nobody, 1),
    of('the owner of another merchant', 'merchant', other.owner, 1, other.merchantId), of('a cashier of another merchant', 'merchant', other.cashier, 1, other.merchantId),
    of('a mediator of other cases', 'adjudicator', mediates, 1), of('an arbitrator of other cases', 'adjudicator', staff.adjudicator, 1),
    ...['notary', 'checker'].map((name) => of(`a ${name} of another office`, 'notary', elsewhere[name] as Person, otherOffice)),
    ...['operator', 'bureau'].map((name) => of(`the ${name} of another office`, name, elsewhere[name] as Person, otherOffice)),
    ...['mediator', 'arbitrator'].map((name) => of(`a ${name} of another office`, 'adjudicator', elsewhere[name] as Person, otherOffice)),
    of('the system administrator', 'administrator', staff.administrator, 0), of('the security administrator', 'administrator', staff.security, 0), of('the audit administrator', 'administrator', staff.auditor, 0)
  ]
  return { staff, victim, other, strangers }
}

/** The ids of what is a party's own and not for everybody to see, by the prefix. */
export const privateIdsOf = (party: Party): string[] => {
  const { contracts, redemptions, settlements, refunds, ids, quoteId, consumer, owner, cashier } = party
  const named = Object.entries(ids).filter(([name]) => !['off', 'mer', 'ven', 'prd', 'bst', 'per', 'prp', 'asg', 'unc', 'mbr', 'stp', 'number', 'channel', 'date', 'indicator', 'leafIndex'].includes(name)).map(([, id]) => id)
  return [...new Set([...Object.values(contracts), ...Object.values(redemptions), ...Object.values(settlements), ...Object.values(refunds), ...named, quoteId, consumer.userId, owner.userId, cashier.userId])]
}
