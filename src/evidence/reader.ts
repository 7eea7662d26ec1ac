import { anyone, type UnitOfWork } from '../db/unit-of-work.js'
import { invariant } from '../kernel/invariant.js'
import { glanceAtHead, glanceAtTiles, type Head, type Glance } from './store.js'
import { growingTiles, hasherOf, hashLength, hashOf, inPyramid, pyramidOf, tilesOf, tileWidth, type Hasher, type Pyramid, type Range, type Tile, type TileKey } from './tree.js'

/*
 * What proofs are made of, fetched as seldom as can be. A full tile never changes: it is kept,
 * folded, as long as there is room. The newest checkpoint and the tiles at the tree's growing edge
 * are read together and kept for an instant. So a proof costs one look-up of one tile at most, or
 * nothing but a few hashes.
 */

type Dependencies = Readonly<{
  work: Pick<UnitOfWork, 'glance'>
  /** How much of full tiles is kept. */
  bytesMax?: number
}>

/** How long another process may have published a checkpoint before this one shows it, in milliseconds. */
const headAgeMaxMs = 200

const nameOf = ({ level, index }: TileKey): string => `${level}/${index}`
const isFull = ({ hashes }: Tile): boolean => hashes.length === tileWidth * hashLength

/** Full tiles' pyramids, the longest unused of which make room. */
const createShelf = (bytesMax: number) => {
  // A Map keeps the order of insertion: its first is the one not used for longest.
  const kept = new Map<string, Pyramid>()
  const most = Math.max(1, Math.floor(bytesMax / (2 * tileWidth * hashLength)))

  const find = (name: string): Pyramid | undefined => {
    const found = kept.get(name)
    if (found) {
      kept.delete(name)
      kept.set(name, found)
    }
    return found
  }

  const put = (name: string, pyramid: Pyramid): void => {
    if (kept.size >= most) kept.delete(kept.keys().next().value as string)
    kept.set(name, pyramid)
  }

  return { find, put, get size () { return kept.size } }
}

/** A log as it stood at its newest checkpoint. */
export type LogHead = Omit<Head, 'edge'> & Readonly<{ hasher: Hasher; /** the growing tiles, folded when first asked for */ edge: (key: TileKey) => Pyramid | undefined }>

const headOf = (found: Head): LogHead => {
  const hasher = hasherOf(found.log.hash)
  const folded = new Map<string, Pyramid>()
  const tiles = new Map(found.edge.map((tile) => [nameOf(tile), tile]))
  const edge = (key: TileKey): Pyramid | undefined => {
    const name = nameOf(key)
    const [known, tile] = [folded.get(name), tiles.get(name)]
    if (known || !tile) return known
    const pyramid = pyramidOf(hasher, tile.hashes)
    folded.set(name, pyramid)
    return pyramid
  }
  return { log: found.log, checkpoint: found.checkpoint, hasher, edge }
}

export const createLogReader = ({ work, bytesMax = 64 * 1024 * 1024 }: Dependencies) => {
  const heads = new Map<number, Readonly<{ readAt: number; head: Promise<LogHead | undefined> }>>()
  const shelf = createShelf(bytesMax)
  const glanceOf = (office: number): Glance => (statement) => work.glance(anyone, office, statement)

  const readHead = (office: number): Promise<LogHead | undefined> => {
    const before = heads.get(office)?.head.catch(() => undefined)
    const head = glanceAtHead(glanceOf(office), office).then(async (found) => {
      const known = await before
      // What has not grown is folded already.
      return known && found?.checkpoint.note === known.checkpoint.note ? known : found && headOf(found)
    })
    heads.set(office, { readAt: performance.now(), head })
    // What failed is read again by the next who asks, and so is what was not there yet.
    head.then((found) => { if (!found) heads.delete(office) }, () => { heads.delete(office) })
    return head
  }

  /** The newest checkpoint, at most an instant old; one that is not of that size yet is read again. */
  const head = async (office: number, sizeMin = 0): Promise<LogHead | undefined> => {
    const known = heads.get(office)
    if (known && performance.now() - known.readAt < headAgeMaxMs) {
      const found = await known.head
      if (found && found.checkpoint.treeSize >= sizeMin) return found
    }
    return readHead(office)
  }

  /** Called when the log has grown, or may have. */
  const forget = (office: number): void => { heads.delete(office) }

  const pyramids = async (office: number, head: LogHead, keys: readonly TileKey[]): Promise<Map<string, Pyramid>> => {
    const found = new Map<string, Pyramid>()
    const growing = new Set(growingTiles(head.checkpoint.treeSize).map(nameOf))
    const missing: TileKey[] = []
    for (const key of keys) {
      const name = nameOf(key)
      const pyramid = growing.has(name) ? head.edge(key) : shelf.find(`${office}/${name}`)
      if (pyramid) found.set(name, pyramid)
      else missing.push(key)
    }
    for (const tile of missing.length === 0 ? [] : await glanceAtTiles(glanceOf(office), office, missing)) {
      const pyramid = pyramidOf(head.hasher, tile.hashes)
      found.set(nameOf(tile), pyramid)
      if (isFull(tile)) shelf.put(`${office}/${nameOf(tile)}`, pyramid)
    }
    return found
  }

  /** The hashes of ranges of leaves within the head's tree. */
  const hashes = async (office: number, head: LogHead, ranges: readonly Range[]): Promise<Buffer[]> => {
    const found = await pyramids(office, head, tilesOf(ranges))
    return ranges.map((range) => hashOf(head.hasher, range, (key, from, count) => {
      const pyramid = found.get(nameOf(key))
      invariant(pyramid, `tile ${nameOf(key)} is missing`)
      return inPyramid(pyramid, from, count)
    }))
  }

  /** The hashes that a tile holds, at least those of the head's tree; undefined where there is no such tile. */
  const tile = async (office: number, head: LogHead, key: TileKey): Promise<Buffer | undefined> =>
    (await pyramids(office, head, [key])).get(nameOf(key))?.[0]

  return { head, forget, hashes, tile, /** How many full tiles are kept. */ kept: () => shelf.size }
}

export type LogReader = ReturnType<typeof createLogReader>
