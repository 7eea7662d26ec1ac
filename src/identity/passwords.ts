import { z } from 'zod'
import type { Tx } from '../db/unit-of-work.js'
import { after, dateOf, dayMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import type { Offices } from '../offices/service.js'
import { mayBePassword, type PasswordPolicy } from './rules.js'

/*
 * How hard a password is to guess is judged by zxcvbn: well-known and leaked passwords, names,
 * keyboard rows, dates and repetitions are the first guesses, and so is what is known of the
 * person. The dictionaries are large and passwords are changed seldom: they are loaded then.
 */

const Policy = z.object({
  lengthMin: z.int(), kindsMin: z.int(), kindsWaivedFrom: z.int(), scoreMin: z.int(), ageDaysMax: z.int().nullable()
})

const load = async () => {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs: graphs }] = await Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')])
  return new ZxcvbnFactory({ dictionary, graphs })
}

const itsOwn = ['ticun', '提存', '公证处', '公证']

type Dependencies = Readonly<{ clock: Clock; offices: Pick<Offices, 'ruleInForce'> }>

export const createPasswords = ({ clock, offices }: Dependencies) => {
  let judge: ReturnType<typeof load> | undefined

  const policy = async (tx: Tx): Promise<PasswordPolicy> => {
    const rule = await offices.ruleInForce(tx, 'password_policy', [], dateOf(clock.now()))
    invariant(rule, 'there is no rule password_policy')
    return Policy.parse(rule.value)
  }

  /** @throws validation_failed (422) @returns when the password is to be changed again; null: never */
  const check = async (tx: Tx, password: string, { isOld, known }: { isOld: boolean; known: readonly string[] }): Promise<Date | null> => {
    const rules = await policy(tx)
    const { score } = (await (judge ??= load())).check(password, [...itsOwn, ...known])
    mayBePassword(password, { isOld, score, policy: rules })
    return rules.ageDaysMax === null ? null : after(clock.now(), rules.ageDaysMax * dayMs)
  }

  return { check }
}

export type Passwords = ReturnType<typeof createPasswords>
