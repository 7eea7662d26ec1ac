import { anyone, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { OfficeId } from './model.js'
import { officeRequired } from './problems.js'
import { findOffice, listOffices, listRules, type OfficeRow } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork }>

export const createOffices = ({ work }: Dependencies) => {
  const list = (): Promise<OfficeRow[]> => work.read(anyone, 0, listOffices)

  /** The numbers of all offices: what jobs go through. */
  const numbers = async (): Promise<number[]> => (await list()).map(({ number }) => number)

  const byNumber = async (number: number): Promise<OfficeRow> => {
    const office = (await list()).find((row) => row.number === number)
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
    return { value: rule.value, source: rule.source, validFrom: rule.validFrom, validTo: rule.validTo, isOverdue: rule.validTo !== null && rule.validTo < on }
  }

  return { list, numbers, byNumber, resolve, ruleInForce }
}

export type Offices = ReturnType<typeof createOffices>
