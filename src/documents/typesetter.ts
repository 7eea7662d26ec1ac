import { Piscina } from 'piscina'
import type { Typeset } from './layout.js'
import type { Sheet } from './model.js'

/** So that whoever waits for a sheet is told, should its thread be gone: it is set again later. */
const patienceMs = 60_000

/**
 * Sets sheets as layout.ts does, in a thread beside the one that answers people: one takes some 10 ms
 * of a processor, in which nobody would be answered. Where there is not enough for all, the thread
 * is the one that waits. Of the built service only: a thread does not read TypeScript.
 */
export const createTypesetter = (onError: (error: Error) => void): Readonly<{ typeset: Typeset; close: () => Promise<void> }> => {
  const pool = new Piscina<Sheet, Uint8Array>({ filename: new URL('layout.js', import.meta.url).href, name: 'typeset', minThreads: 1, maxThreads: 1, niceIncrement: 10 })
  pool.on('error', onError)

  return {
    typeset: async (sheet) => {
      const bytes = await pool.run(sheet, { signal: AbortSignal.timeout(patienceMs) })
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    close: () => pool.close()
  }
}
