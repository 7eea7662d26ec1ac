import rfc9162 from '@transmute/rfc9162'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import t from 'tap'
import { consistencyRanges, extend, folding, growingTiles, hasherOf, hashOf, inclusionRanges, tilesOf, type Hasher, type Tile, type TileKey } from '../../src/evidence/tree.js'
import { checkConsistency, checkInclusion, noLeaves, rootOf, withLeaves } from '../../src/verify/merkle.js'

const oracle = (rfc9162 as unknown as { RFC9162: any }).RFC9162

const sha256 = hasherOf('sha256')

const keyOf = ({ level, index }: TileKey) => `${level}/${index}`

/** A tree whose tiles are kept in memory, which grows as the log's does and counts what is read. */
const aTree = (hasher: Hasher = sha256) => {
  const tiles = new Map<string, Tile>()
  let size = 0
  const reads = new Set<string>()
  const read = (key: TileKey): Buffer => {
    reads.add(keyOf(key))
    const tile = tiles.get(keyOf(key))
    if (!tile) throw new Error(`no tile ${keyOf(key)}`)
    return tile.hashes
  }
  return {
    add: (leaves: readonly Buffer[]): void => {
      const edge = growingTiles(size).map(keyOf)
      for (const tile of extend(hasher, size, leaves, (key) => { if (!edge.includes(keyOf(key))) throw new Error(`${keyOf(key)} is not at the edge`); return read(key) })) tiles.set(keyOf(tile), tile)
      size += leaves.length
    },
    root: (of = size) => hashOf(hasher, [0, of], folding(hasher, read)),
    inclusion: (leaf: number, of = size) => inclusionRanges(leaf, of).map((range) => hashOf(hasher, range, folding(hasher, read))),
    consistency: (from: number, to = size) => consistencyRanges(from, to).map((range) => hashOf(hasher, range, folding(hasher, read))),
    reads, tiles
  }
}

const leavesOf = (count: number, hasher: Hasher = sha256): Buffer[] =>
  Array.from({ length: count }, (_, i) => hasher.leaf(createHash('sha256').update(`entry ${i}`).digest()))

const entriesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new Uint8Array(createHash('sha256').update(`entry ${i}`).digest()))

t.test('roots and proofs are those of an independent implementation of RFC 9162, for every small tree', async (t) => {
  for (let size = 1; size <= 20; size++) {
    const tree = aTree()
    tree.add(leavesOf(size))
    const entries = entriesOf(size)
    t.same(tree.root(), Buffer.from(await oracle.treeHead(entries)), `root of ${size}`)
    for (let leaf = 0; leaf < size; leaf++) {
      const theirs = await oracle.inclusionProof(entries[leaf], entries)
      t.same(tree.inclusion(leaf), theirs.inclusion_path.map((hash: Uint8Array) => Buffer.from(hash)), `inclusion of ${leaf} in ${size}`)
    }
    for (let from = 1; from < size; from++) {
      // It leaves out the RFC's step that puts the old root before the path of a perfect tree.
      const path = [...(Number.isInteger(Math.log2(from)) ? [tree.root(from)] : []), ...tree.consistency(from)].map((hash) => new Uint8Array(hash))
      t.ok(await oracle.verifyConsistencyProof(new Uint8Array(tree.root(from)), new Uint8Array(tree.root()), { log_id: '', tree_size_1: from, tree_size_2: size, consistency_path: path }), `consistency of ${from} with ${size}`)
    }
  }
})

t.test('an empty tree has the hash of nothing, and nothing needs to be proved of it', async (t) => {
  t.same(aTree().root(), createHash('sha256').digest())
  t.same(consistencyRanges(0, 7), [])
  t.same(consistencyRanges(7, 7), [])
  t.same(rootOf('sha256', noLeaves), createHash('sha256').digest())
})

t.test('a tree grown in any steps is the same, and every proof of every earlier size holds', async (t) => {
  const all = leavesOf(70_000)
  const whole = aTree()
  whole.add(all)
  t.ok(whole.tiles.has('2/0'), 'it has three levels of tiles')
  t.same(whole.root(), rootOf('sha256', withLeaves('sha256', noLeaves, all)), 'the reader\'s own hashing agrees')

  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }), (steps) => {
    const tree = aTree()
    let size = 0
    for (const step of steps) {
      tree.add(all.slice(size, size + step))
      size += step
    }
    return tree.root().equals(whole.root(size))
  }), { numRuns: 20 })

  fc.assert(fc.property(fc.integer({ min: 1, max: 70_000 }), fc.nat(), fc.nat(), (size, a, b) => {
    const [leaf, from] = [a % size, 1 + b % size]
    checkInclusion('sha256', all[leaf] as Buffer, leaf, size, whole.inclusion(leaf, size), whole.root(size))
    checkConsistency('sha256', from, whole.root(from), size, whole.root(size), whole.consistency(from, size))
  }), { numRuns: 60 })
})

t.test('a proof that says anything else is refused', async (t) => {
  const leaves = leavesOf(1_000)
  const tree = aTree()
  tree.add(leaves)
  fc.assert(fc.property(fc.integer({ min: 2, max: 1_000 }), fc.nat(), fc.nat(), fc.nat({ max: 4 }), (size, a, b, change) => {
    const leaf = a % size
    const proof = tree.inclusion(leaf, size)
    const at = b % proof.length
    const wrong = {
      0: () => checkInclusion('sha256', leaves[(leaf + 1) % size] as Buffer, leaf, size, proof, tree.root(size)),
      1: () => checkInclusion('sha256', leaves[leaf] as Buffer, (leaf + 1) % size, size, proof, tree.root(size)),
      2: () => checkInclusion('sha256', leaves[leaf] as Buffer, leaf, size, proof.toSpliced(at, 1), tree.root(size)),
      3: () => checkInclusion('sha256', leaves[leaf] as Buffer, leaf, size, proof.toSpliced(at, 0, proof[at] as Buffer), tree.root(size)),
      4: () => checkInclusion('sha256', leaves[leaf] as Buffer, leaf, size, proof.with(at, leaves[b % 1_000] as Buffer), tree.root(size))
    }[change] as () => void
    // A leaf beside its neighbour may be named by both in turn.
    if (change === 4 && proof[at]?.equals(leaves[b % 1_000] as Buffer)) return
    t.throws(wrong, { code: 'not_included' })
  }), { numRuns: 150 })

  fc.assert(fc.property(fc.integer({ min: 2, max: 1_000 }), fc.nat(), fc.nat(), (size, a, b) => {
    const from = 1 + a % (size - 1)
    const proof = tree.consistency(from, size)
    t.throws(() => checkConsistency('sha256', from, leaves[b % 1_000] as Buffer, size, tree.root(size), proof), { code: 'not_an_extension' })
    t.throws(() => checkConsistency('sha256', from, tree.root(from), size, leaves[b % 1_000] as Buffer, proof), { code: 'not_an_extension' })
    t.throws(() => checkConsistency('sha256', from, tree.root(from), size, tree.root(size), proof.slice(1)), { code: 'not_an_extension' })
  }), { numRuns: 60 })
  t.throws(() => checkConsistency('sha256', 5, tree.root(5), 4, tree.root(4), []), { code: 'log_shrank' })
  t.throws(() => checkConsistency('sha256', 5, tree.root(5), 5, tree.root(6), []), { code: 'forked' })
})

t.test('the tiles of a proof over ten million leaves are six at most', async (t) => {
  const size = 10_000_000
  fc.assert(fc.property(fc.nat({ max: size - 1 }), (leaf) => {
    t.ok(tilesOf([[leaf, leaf + 1], ...inclusionRanges(leaf, size)]).length <= 6)
    t.ok(tilesOf(consistencyRanges(leaf + 1, size)).length <= 6)
  }))
})

t.test('a tree may be hashed with SM3', async (t) => {
  const sm3 = hasherOf('sm3')
  const leaves = leavesOf(300, sm3)
  const tree = aTree(sm3)
  tree.add(leaves)
  t.notSame(tree.root(), (() => { const other = aTree(); other.add(leavesOf(300)); return other.root() })())
  checkInclusion('sm3', leaves[255] as Buffer, 255, 300, tree.inclusion(255), tree.root())
  checkConsistency('sm3', 256, tree.root(256), 300, tree.root(), tree.consistency(256))
  t.equal(createHash('sm3').update('abc').digest('hex'), '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0', 'the standard\'s own example')
})
