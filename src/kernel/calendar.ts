import { z } from 'zod'

/*
 * Business dates are those of Asia/Shanghai, which has been UTC+8 without daylight saving since
 * 1991 (IANA tz database): a fixed offset is exact for every date this service can meet.
 */

const offsetMs = 8 * 3_600_000
export const dayMs = 86_400_000
export const hourMs = 3_600_000

/** A business date, `YYYY-MM-DD`, Asia/Shanghai. */
export type BusinessDate = string

/** Before it nothing of the trade is dated; the database knows no year 0, which ISO 8601 does. */
const firstDate: BusinessDate = '1900-01-01'

export const BusinessDate = z.iso.date().refine((date) => date >= firstDate, { params: { zh: `不能早于 ${firstDate}`, en: `must not be before ${firstDate}` } }).meta({ description: 'Business date, Asia/Shanghai' })

/** RFC 3339 outside, Date inside. */
export const Instant = z.codec(z.iso.datetime({ offset: true }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString()
})

/** The business date of an instant. */
export const dateOf = (at: Date): BusinessDate => new Date(at.getTime() + offsetMs).toISOString().slice(0, 10)

/** An instant for people, `2027-01-09 00:00`, in Shanghai's time: the minute it falls into. */
export const clockTime = (at: Date): { zh: string; en: string } => {
  const minute = new Date(at.getTime() + offsetMs).toISOString().slice(0, 16).replace('T', ' ')
  return { zh: `${minute}（北京时间）`, en: `${minute} (UTC+8)` }
}

/** The instant at which a business date begins. */
export const startOf = (date: BusinessDate): Date => new Date(Date.parse(`${date}T00:00:00Z`) - offsetMs)

export const addDays = (date: BusinessDate, days: number | bigint): BusinessDate =>
  new Date(Date.parse(`${date}T00:00:00Z`) + Number(days) * dayMs).toISOString().slice(0, 10)

/** The same day of a later month; the month's last day where it has no such day. */
export const addMonths = (date: BusinessDate, months: number): BusinessDate => {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const first = new Date(Date.UTC(year, month - 1 + months, 1))
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  first.setUTCDate(Math.min(day, lastDay))
  return first.toISOString().slice(0, 10)
}

/** Days from one business date to another; negative when `to` is earlier. */
export const daysBetween = (from: BusinessDate, to: BusinessDate): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs)

export const after = (at: Date, ms: number): Date => new Date(at.getTime() + ms)
