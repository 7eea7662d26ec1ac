import { validationFailed } from '../kernel/problems.js'

/*
 * PostgreSQL stores neither NUL nor half a surrogate pair. JSON can carry both, escaped, so they
 * are looked for in the raw body, which costs next to nothing, and refused with their place.
 */

const suspicious = /\\u0000|\\u[dD][89a-fA-F]/

const isPlain = (text: string): boolean => !/[\0\p{Cs}]/u.test(text)

const firstUnplain = (value: unknown, path: readonly string[]): string | undefined => {
  if (typeof value === 'string') return isPlain(value) ? undefined : path.join('.')
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, item] of Object.entries(value)) {
    const found = isPlain(key) ? firstUnplain(item, [...path, key]) : [...path, '…'].join('.')
    if (found !== undefined) return found
  }
  return undefined
}

/** @throws validation_failed (422) that names the first text which cannot be stored */
export const assertPlainText = (raw: string, value: unknown): void => {
  const path = suspicious.test(raw) ? firstUnplain(value, []) : undefined
  if (path !== undefined) throw validationFailed({ errors: [{ path, message: { zh: '含有无法保存的字符（空字符或不完整的字符）', en: 'has a character that cannot be stored (NUL or half a surrogate pair)' } }] })
}
