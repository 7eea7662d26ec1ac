import { validationFailed } from '../kernel/problems.js'

/*
 * PostgreSQL stores neither NUL nor half a surrogate pair. JSON can carry both, escaped, so they
 * are looked for in the raw body, which costs next to nothing, and refused with their place.
 */

const suspicious = /\\u0000|\\u[dD][89a-fA-F]/

const isPlain = (text: string): boolean => !/[\0\p{Cs}]/u.test(text)

type Place = Readonly<{ value: unknown; key: string; within: Place | undefined }>

const depthShown = 20

const pathOf = (place: Place): string => {
  const keys: string[] = []
  for (let at: Place | undefined = place; at?.within; at = at.within) keys.push(at.key)
  return [...keys.reverse().slice(0, depthShown), ...(keys.length > depthShown ? ['…'] : [])].join('.')
}

/** The path of the first text that is not plain. A loop, because bodies may be nested deeper than calls can be. */
const firstUnplain = (body: unknown): string | undefined => {
  const waiting: Place[] = [{ value: body, key: '', within: undefined }]
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const { value } = place
    if (typeof value === 'string' && !isPlain(value)) return pathOf(place)
    if (typeof value !== 'object' || value === null) continue
    const inner = Object.entries(value)
    if (inner.some(([key]) => !isPlain(key))) return pathOf({ value, key: '…', within: place })
    for (const [key, item] of inner.reverse()) waiting.push({ value: item, key, within: place })
  }
  return undefined
}

/** @throws validation_failed (422) that names the first text which cannot be stored */
export const assertPlainText = (raw: string, value: unknown): void => {
  const path = suspicious.test(raw) ? firstUnplain(value) : undefined
  if (path !== undefined) throw validationFailed({ errors: [{ path, message: { zh: '含有无法保存的字符（空字符或不完整的字符）', en: 'has a character that cannot be stored (NUL or half a surrogate pair)' } }] })
}
