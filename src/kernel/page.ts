import { z } from 'zod'
import { validationFailed } from './problems.js'

/** `?limit=&cursor=` of every list: keyset pagination, newest first unless a list says otherwise. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(500).optional().meta({ description: 'Opaque: `nextCursor` of the page before' })
})
export type PageQuery = z.infer<typeof PageQuery>

export const Page = <Item extends z.ZodType>(item: Item) => z.object({
  items: z.array(item),
  nextCursor: z.string().nullable()
})

export type PageOf<Item> = { items: Item[]; nextCursor: string | null }

/** The position after which a page begins: the key of the last item of the page before. */
export const positionOf = <Key extends z.ZodType>({ cursor }: PageQuery, key: Key): z.output<Key> | undefined => {
  if (cursor === undefined) return undefined
  try {
    return key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw validationFailed({ errors: [{ path: 'cursor', message: { zh: '不是有效的游标', en: 'is not a cursor of this list' } }] })
  }
}

/** Makes a page of at most `limit` items from `limit + 1` rows. */
export const pageOf = <Item>(rows: readonly Item[], { limit }: PageQuery, keyOf: (item: Item) => unknown): PageOf<Item> => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return { items, nextCursor: hasMore ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null }
}
