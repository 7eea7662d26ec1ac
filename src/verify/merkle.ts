import { createHash } from 'node:crypto'
import { Refused } from './refused.js'

/*
 * The reader's side of RFC 9162: whether a proof leads from a leaf, or from an earlier root, to a
 * root. Written from the RFC's algorithms and from nothing of the service.
 */

export type HashName = 'sha256' | 'sm3'

export const hashOf = (name: HashName, ...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash(name)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const leafHash = (name: HashName, leaf: Uint8Array): Buffer => hashOf(name, Buffer.of(0), leaf)
export const nodeHash = (name: HashName, left: Uint8Array, right: Uint8Array): Buffer => hashOf(name, Buffer.of(1), left, right)

/** The Merkle leaf of an entry: the log's leaves are the entries' hashes, so that they can be public. */
export const leafOfEntry = (name: HashName, entry: string): Buffer => leafHash(name, hashOf(name, Buffer.from(entry)))

const isOdd = (n: bigint): boolean => (n & 1n) === 1n

/** RFC 9162 §2.1.3.2. @throws Refused not_included */
export const checkInclusion = (name: HashName, leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[], root: Uint8Array): void => {
  if (!(index >= 0 && index < size)) throw new Refused('not_included')
  let fn = BigInt(index)
  let sn = BigInt(size - 1)
  let r: Uint8Array = leaf
  for (const p of proof) {
    if (sn === 0n) throw new Refused('not_included')
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(name, p, r)
      while (!isOdd(fn) && fn !== 0n) { fn >>= 1n; sn >>= 1n }
    } else {
      r = nodeHash(name, r, p)
    }
    fn >>= 1n
    sn >>= 1n
  }
  if (sn !== 0n || !Buffer.from(r).equals(root)) throw new Refused('not_included')
}

/** RFC 9162 §2.1.4.2. @throws Refused not_an_extension, log_shrank, forked */
export const checkConsistency = (
  name: HashName, from: number, fromRoot: Uint8Array, to: number, toRoot: Uint8Array, proof: readonly Uint8Array[]
): void => {
  if (to < from) throw new Refused('log_shrank')
  if (to === from) {
    if (!Buffer.from(fromRoot).equals(toRoot)) throw new Refused('forked')
    return
  }
  if (from === 0) return
  const isPower = (BigInt(from) & BigInt(from - 1)) === 0n
  const path = isPower ? [fromRoot, ...proof] : [...proof]
  const first = path[0]
  if (!first) throw new Refused('not_an_extension')
  let fn = BigInt(from - 1)
  let sn = BigInt(to - 1)
  while (isOdd(fn)) { fn >>= 1n; sn >>= 1n }
  let fr: Uint8Array = first
  let sr: Uint8Array = first
  for (const c of path.slice(1)) {
    if (sn === 0n) throw new Refused('not_an_extension')
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(name, c, fr)
      sr = nodeHash(name, c, sr)
      while (!isOdd(fn) && fn !== 0n) { fn >>= 1n; sn >>= 1n }
    } else {
      sr = nodeHash(name, sr, c)
    }
    fn >>= 1n
    sn >>= 1n
  }
  if (sn !== 0n || !Buffer.from(fr).equals(fromRoot) || !Buffer.from(sr).equals(toRoot)) throw new Refused('not_an_extension')
}

/** The perfect subtrees that a tree of a size is made of, from left to right: all that is needed to let it grow. */
export type Peaks = Readonly<{ size: number; hashes: readonly Buffer[] }>

export const noLeaves: Peaks = { size: 0, hashes: [] }

/** Adds leaf hashes on the right. */
export const withLeaves = (name: HashName, { size, hashes }: Peaks, leaves: readonly Buffer[]): Peaks => {
  const peaks = [...hashes]
  for (const [i, leaf] of leaves.entries()) {
    peaks.push(leaf)
    for (let n = size + i + 1; n % 2 === 0; n /= 2) {
      const right = peaks.pop() as Buffer
      peaks.push(nodeHash(name, peaks.pop() as Buffer, right))
    }
  }
  return { size: size + leaves.length, hashes: peaks }
}

export const rootOf = (name: HashName, { hashes }: Peaks): Buffer =>
  hashes.length === 0 ? hashOf(name) : hashes.reduceRight((right, left) => nodeHash(name, left, right))
