import { z } from 'zod'
import { QuarterlyRule } from '../bureau/model.js'
import type { Tx } from '../db/unit-of-work.js'
import { invariant } from '../kernel/invariant.js'
import type { Offices } from '../offices/service.js'
import type { Products } from '../products/service.js'
import { EarlyWarningRule, LeniencyRule } from './model.js'

type Dependencies = Readonly<{ offices: Pick<Offices, 'byNumber' | 'ruleInForce'>; products: Pick<Products, 'capRules'> }>

/** A dated rule with where it is from. */
type InForce<Value> = Readonly<{ value: Value; scope: string; source: string; validFrom: string; isOverdue: boolean }>

/** The dated rules that a day is judged by: the district's, or the office's, or those of all. */
export const createSettings = ({ offices, products }: Dependencies) => {
  const ruleOf = async <Schema extends z.ZodType>(tx: Tx, name: string, district: string, day: string, schema: Schema): Promise<InForce<z.output<Schema>>> => {
    const office = await offices.byNumber(tx.office)
    const rule = await offices.ruleInForce(tx, name, [office.id, district], day)
    invariant(rule, `no ${name} is in force on ${day}`)
    return { ...rule, value: z.decode(schema, rule.value as z.input<Schema>) }
  }

  const warning = (tx: Tx, district: string, day: string): Promise<InForce<EarlyWarningRule>> => ruleOf(tx, 'early_warning', district, day, EarlyWarningRule)
  const leniency = (tx: Tx, district: string, day: string): Promise<InForce<LeniencyRule>> => ruleOf(tx, 'first_minor_faults', district, day, LeniencyRule)

  /** The limits that figures are compared with: of one person's balance, and of a merchant's. */
  const limits = async (tx: Tx, district: string, day: string): Promise<Readonly<{ capFen: bigint; lineFen: bigint }>> => {
    const { value: { balanceFenMax } } = await products.capRules(tx, district, day)
    const { value: { lineFen } } = await ruleOf(tx, 'quarterly_balance_report', district, day, QuarterlyRule)
    return { capFen: balanceFenMax, lineFen: BigInt(lineFen) }
  }

  return { warning, leniency, limits }
}

export type Settings = ReturnType<typeof createSettings>
export type WarningInForce = Awaited<ReturnType<Settings['warning']>>
