import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A stream of choices that a seed fixes for good. */
export type Random = Readonly<{
  /** from 0 up to, not including, `n` */
  below: (n: number) => number
  /** true `m` times in `n` */
  chance: (m: number, n: number) => boolean
  of: <Item>(items: readonly Item[]) => Item
  /** an item, as often as its weight says */
  weighted: <Item>(items: readonly (readonly [Item, number])[]) => Item
}>

/** Streams of one seed do not overlap (xoroshiro128+, 2^64 steps apart). */
export const randomOf = (seed: number, stream: number): Random => {
  const generator = xoroshiro128plus(seed)
  for (let i = 0; i < stream; i++) generator.jump()
  const below = (n: number): number => uniformInt(generator, 0, n - 1)
  return {
    below,
    chance: (m, n) => below(n) < m,
    of: (items) => items[below(items.length)] as never,
    weighted: (items) => {
      let left = below(items.reduce((total, [, weight]) => total + weight, 0))
      for (const [item, weight] of items) {
        if (left < weight) return item
        left -= weight
      }
      throw new Error('no item has a weight')
    }
  }
}
