import { anyone, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { OfficeId } from './model.js'
import { officeRequired } from './problems.js'
import { findOffice, insertOffice, insertRule, listOffices, listRules, type OfficeRow } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock }>

/** What is said of an office when it joins the deployment. */
export type NewOffice = Readonly<Omit<OfficeRow, 'id' | 'createdAt'>>

export const createOffices = ({ work, clock }: Dependencies) => {
  // Kept in memory, because many a transaction asks for its office, and a second connection asked
  // for inside a transaction could wait for ever. Jobs, which begin by asking, keep it fresh.
  let known: readonly OfficeRow[] = []

  const load = async (): Promise<readonly OfficeRow[]> => { known = await work.read(anyone, 0, listOffices); return known }

  const list = async (): Promise<readonly OfficeRow[]> => (known.length > 0 ? known : load())

  /** The numbers of all offices, read anew: what jobs go through. */
  const numbers = async (): Promise<number[]> => (await load()).map(({ number }) => number)

  const withNumber = (rows: readonly OfficeRow[], number: number) => rows.find((row) => row.number === number)

  /** The office of a number, if there is one. */
  const findByNumber = async (number: number): Promise<OfficeRow | undefined> =>
    withNumber(known, number) ?? withNumber(await load(), number)

  const byNumber = async (number: number): Promise<OfficeRow> => {
    const office = await findByNumber(number)
    invariant(office, `no office ${number}`)
    return office
  }

  /**
   * The office a call is about: the one named, else the caller's, else the only one.
   * @throws not_found (404), office_required (422) where there are several
   */
  const resolve = async (named: OfficeId | undefined, caller: Caller | undefined): Promise<OfficeRow> => {
    if (named !== undefined) {
      const found = await work.read(anyone, 0, (tx) => findOffice(tx, named))
      if (!found) throw notFound({})
      return found
    }
    const all = await list()
    const [only] = caller?.office === undefined ? all : all.filter(({ number }) => number === caller.office)
    if (only && (caller?.office !== undefined || all.length === 1)) return only
    throw officeRequired({ offices: all.map(({ id }) => id) })
  }

  /**
   * The rule of a name in force on a business date: the newest that has begun, of the most special
   * scope given (scopes from special to general). One past its `validTo` stays in force until a
   * successor is entered, and says so.
   */
  const ruleInForce = async (tx: Tx, name: string, scopes: readonly string[], on: string) => {
    const rows = await listRules(tx, name, [...scopes, '*'], on)
    const rule = [...scopes, '*'].map((scope) => rows.find((row) => row.scope === scope)).find(Boolean)
    if (!rule) return undefined
    return { value: rule.value, scope: rule.scope, source: rule.source, validFrom: rule.validFrom, validTo: rule.validTo, isOverdue: rule.validTo !== null && rule.validTo < on }
  }

  /** Opens a notary office, once: whoever opens the same number again gets the one there is. Worker role. */
  const establish = async (tx: Tx, office: NewOffice): Promise<OfficeRow> => {
    await insertOffice(tx, { ...office, id: newId('off', office.number), createdAt: clock.now() })
    const established = (await listOffices(tx)).find(({ number }) => number === office.number)
    invariant(established, 'an office that was just made is missing')
    return established
  }

  return {
    list, numbers, findByNumber, byNumber, resolve, ruleInForce, establish,
    /** Enters a dated rule; one that is there stays as it is. Worker role. */
    enterRule: insertRule
  }
}

export type Offices = ReturnType<typeof createOffices>
