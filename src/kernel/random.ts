import { randomFillSync } from 'node:crypto'

/*
 * Random bytes for ids and salts, from the system's generator, fetched many at a time: one call
 * for each would cost more than all else an id costs. A byte is handed out once.
 */

const sliceLength = 16
const pool = Buffer.alloc(sliceLength * 256)
let at = pool.length

/** 16 random bytes, good until the 256th call after this one. */
export const randomSlice = (): Buffer => {
  if (at === pool.length) {
    randomFillSync(pool)
    at = 0
  }
  at += sliceLength
  return pool.subarray(at - sliceLength, at)
}
