import { hash } from 'node:crypto'
import { invariant } from '../kernel/invariant.js'
import type { HashName } from './model.js'

/*
 * The Merkle tree of RFC 6962 / RFC 9162, stored as tiles (C2SP tlog-tiles): a tile of level L and
 * index N holds up to 256 hashes, those of the perfect subtrees over 256^L leaves each, from the
 * (256·N)-th on. Full tiles never change; of each level at most one is partial and grows. Every
 * hash that a root or a proof needs is folded from a few tiles, which are read together, so that a
 * proof over ten million leaves reads at most six.
 *
 * Pure but for the hash function: tiles are told, never fetched.
 */

export const hashLength = 32
const tileHeight = 8
export const tileWidth = 256

/** Leaves from `begin` up to, not including, `end`. */
export type Range = readonly [begin: number, end: number]

export type TileKey = Readonly<{ level: number; index: number }>
/** The hashes of a tile, one after another. */
export type Tile = TileKey & Readonly<{ hashes: Buffer }>
/** The hashes of a tile that was asked for. */
export type TileReader = (key: TileKey) => Buffer
/** The hash of the perfect subtree over `count` hashes of a tile, from the `from`-th on. */
export type SubtreeReader = (key: TileKey, from: number, count: number) => Buffer

const leafPrefix = Buffer.of(0)
const nodePrefix = 1

/**
 * The hashes of a tree, RFC 9162 §2.1.1. Each in one call over one buffer: to make a hash object and
 * feed it piece by piece takes five times as long, and a proof needs hundreds.
 */
export const hasherOf = (name: HashName) => {
  const children = Buffer.alloc(1 + 2 * hashLength, nodePrefix)
  return {
    leaf: (leaf: Buffer): Buffer => hash(name, Buffer.concat([leafPrefix, leaf]), 'buffer'),
    node: (left: Buffer, right: Buffer): Buffer => {
      left.copy(children, 1)
      right.copy(children, 1 + hashLength)
      return hash(name, children, 'buffer')
    },
    empty: (): Buffer => hash(name, '', 'buffer')
  }
}

export type Hasher = ReturnType<typeof hasherOf>

const hashesIn = (bytes: Buffer): Buffer[] =>
  Array.from({ length: bytes.length / hashLength }, (_, i) => bytes.subarray(i * hashLength, (i + 1) * hashLength))

/** The root of a perfect subtree over the given hashes, whose number is a power of two. */
const foldPairs = ({ node }: Hasher, hashes: readonly Buffer[]): Buffer => {
  let level = hashes
  while (level.length > 1) level = Array.from({ length: level.length / 2 }, (_, i) => node(level[2 * i] as Buffer, level[2 * i + 1] as Buffer))
  return level[0] as Buffer
}

/** The largest power of two below a number greater than one. Counted, because sizes pass what bit operations hold. */
const splitOf = (size: number): number => {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The perfect subtrees that a range is made of, from left to right. */
const perfectParts = ([begin, end]: Range): Range[] => {
  const size = end - begin
  if (size <= 1) return size === 1 ? [[begin, end]] : []
  const split = splitOf(size)
  return split * 2 === size ? [[begin, end]] : [[begin, begin + split], ...perfectParts([begin + split, end])]
}

/** Where the hashes stand that a perfect subtree is folded from. */
const placeOf = ([begin, end]: Range) => {
  const height = Math.log2(end - begin)
  const level = Math.floor(height / tileHeight)
  const width = 256 ** level
  const first = begin / width
  return { level, index: Math.floor(first / tileWidth), from: first % tileWidth, count: (end - begin) / width }
}

/** The tiles that the hashes of these ranges are folded from, each once. */
export const tilesOf = (ranges: readonly Range[]): TileKey[] => {
  const keys = new Map<string, TileKey>()
  for (const { level, index } of ranges.flatMap(perfectParts).map(placeOf)) keys.set(`${level}/${index}`, { level, index })
  return [...keys.values()]
}

/** Folds subtrees from the hashes of tiles, each time anew. */
export const folding = (hasher: Hasher, read: TileReader): SubtreeReader => ({ level, index }, from, count) => {
  const hashes = read({ level, index }).subarray(from * hashLength, (from + count) * hashLength)
  invariant(hashes.length === count * hashLength, `tile ${level}/${index} is too short`)
  return foldPairs(hasher, hashesIn(hashes))
}

/** The hashes of a tile and, above them, row by row, those of every perfect subtree within it. */
export type Pyramid = readonly Buffer[]

/** Folds a tile once for all: what keeps a tile for many proofs keeps this. */
export const pyramidOf = ({ node }: Hasher, hashes: Buffer): Pyramid => {
  const rows = [hashes]
  for (let row = hashes; row.length >= 2 * hashLength;) {
    const pairs = Math.floor(row.length / (2 * hashLength))
    const parents = Buffer.allocUnsafe(pairs * hashLength)
    for (let i = 0; i < pairs; i++) {
      const at = 2 * i * hashLength
      node(row.subarray(at, at + hashLength), row.subarray(at + hashLength, at + 2 * hashLength)).copy(parents, i * hashLength)
    }
    rows.push(parents)
    row = parents
  }
  return rows
}

/** A subtree's hash in its tile's pyramid. */
export const inPyramid = (pyramid: Pyramid, from: number, count: number): Buffer => {
  const at = from / count * hashLength
  const found = pyramid[Math.log2(count)]?.subarray(at, at + hashLength)
  invariant(found?.length === hashLength, `a tile has no subtree of ${count} at ${from}`)
  return found
}

/** The Merkle tree hash of a range that begins where a subtree does. */
export const hashOf = (hasher: Hasher, range: Range, read: SubtreeReader): Buffer => {
  const parts = perfectParts(range).map((part) => {
    const { level, index, from, count } = placeOf(part)
    return read({ level, index }, from, count)
  })
  return parts.length === 0 ? hasher.empty() : parts.reduceRight((right, left) => hasher.node(left, right))
}

/** The subtrees of an inclusion proof, from the leaf up (RFC 9162 §2.1.3.1). */
export const inclusionRanges = (leaf: number, size: number): Range[] => {
  const path = ([begin, end]: Range): Range[] => {
    if (end - begin <= 1) return []
    const middle = begin + splitOf(end - begin)
    return leaf < middle ? [...path([begin, middle]), [middle, end]] : [...path([middle, end]), [begin, middle]]
  }
  return path([0, size])
}

/** The subtrees of a consistency proof (RFC 9162 §2.1.4.1). */
export const consistencyRanges = (from: number, to: number): Range[] => {
  const path = ([begin, end]: Range, isWhole: boolean): Range[] => {
    if (end === from) return isWhole ? [] : [[begin, end]]
    const middle = begin + splitOf(end - begin)
    return from <= middle ? [...path([begin, middle], isWhole), [middle, end]] : [...path([middle, end], false), [begin, middle]]
  }
  return from === 0 ? [] : path([0, to], true)
}

/** The partial tiles of a tree, which the next leaves will be added to. */
export const growingTiles = (size: number): TileKey[] => {
  const keys: TileKey[] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    if (count % tileWidth > 0) keys.push({ level, index: Math.floor(count / tileWidth) })
  }
  return keys
}

/** Adds leaf hashes to a tree of `size` leaves. @returns every tile that is new or longer than it was */
export const extend = (hasher: Hasher, size: number, leafHashes: readonly Buffer[], read: TileReader): Tile[] => {
  const changed: Tile[] = []
  const grow = (level: number, count: number, added: readonly Buffer[]): void => {
    if (added.length === 0) return
    const parents: Buffer[] = []
    const partial = count % tileWidth
    let index = Math.floor(count / tileWidth)
    let hashes = partial === 0 ? [] : hashesIn(read({ level, index }).subarray(0, partial * hashLength))
    for (let at = 0; at < added.length; index++) {
      const room = tileWidth - hashes.length
      hashes = [...hashes, ...added.slice(at, at + room)]
      at += room
      changed.push({ level, index, hashes: Buffer.concat(hashes) })
      if (hashes.length < tileWidth) break
      parents.push(foldPairs(hasher, hashes))
      hashes = []
    }
    grow(level + 1, Math.floor(count / tileWidth), parents)
  }
  grow(0, size, leafHashes)
  return changed
}
