import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What is known of the packages that cannot be read from them: ops/supply.json. */
export const supply = JSON.parse(readFileSync(fileURLToPath(new URL('../ops/supply.json', import.meta.url)), 'utf8'))

/**
 * Whether an SPDX expression can be met with the licences allowed: of a choice one of them, of a
 * combination all.
 */
export const isAllowed = (expression, allowed) => {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? []
  let at = 0
  const one = () => {
    if (tokens[at] === '(') {
      at += 1
      const inner = choice()
      if (tokens[at] !== ')') throw new Error(`not an SPDX expression: ${expression}`)
      at += 1
      return inner
    }
    const name = tokens[at] ?? ''
    at += 1
    return allowed.includes(name)
  }
  const combination = () => {
    let met = one()
    while (tokens[at] === 'AND') {
      at += 1
      met = one() && met
    }
    return met
  }
  const choice = () => {
    let met = combination()
    while (tokens[at] === 'OR') {
      at += 1
      met = combination() || met
    }
    return met
  }
  if (tokens.length === 0) return false
  const met = choice()
  if (at !== tokens.length) throw new Error(`not an SPDX expression: ${expression}`)
  return met
}
