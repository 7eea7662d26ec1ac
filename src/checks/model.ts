import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { SignedFen } from '../kernel/money.js'

/** What one check of the books found: `violations` are the offending rows, the first ones. */
export const CheckResult = z.object({
  name: z.string(),
  says: z.string().meta({ description: 'What must be true' }),
  ok: z.boolean(),
  violations: z.array(z.record(z.string(), z.unknown()))
}).meta({ id: 'InvariantCheck' })
export type CheckResult = z.output<typeof CheckResult>

/** Bank and clearing less everything owed: not a rule, but shown, dated and to be explained. */
export const Cover = z.object({ office: z.int(), coverFen: SignedFen })
export type Cover = z.output<typeof Cover>

export const InvariantReport = z.object({
  at: Instant,
  ok: z.boolean(),
  checks: z.array(CheckResult),
  cover: z.array(Cover)
}).meta({ id: 'InvariantReport' })
export type InvariantReport = z.output<typeof InvariantReport>
