import { Piscina } from 'piscina'
import type { Typeset } from './layout.js'
import type { Sheet } from './model.js'

/** How long a thread that has nothing to set keeps its fonts open. */
const idleMs = 60_000

/**
 * Sets sheets as layout.ts does, in a thread beside the one that answers people: one takes some 10 ms
 * of a processor, in which nobody would be answered.
 */
export const createTypesetter = (): Readonly<{ typeset: Typeset; close: () => Promise<void> }> => {
  const pool = new Piscina<Sheet, Uint8Array>({ filename: new URL('layout.js', import.meta.url).href, name: 'typeset', minThreads: 0, maxThreads: 1, idleTimeout: idleMs, niceIncrement: 10 })

  return {
    typeset: async (sheet) => {
      const bytes = await pool.run(sheet)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    close: () => pool.close()
  }
}
