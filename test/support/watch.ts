import pg from 'pg'

/*
 * What a cluster refuses (src/db/layout.ts) and one PostgreSQL takes: an update that says which
 * office a row belongs to, be it the same one.
 */

const movesOffice = (text: string): boolean => text.startsWith('update "') && /^update "\w+" set (?:(?! where )[^])*"office_id" = /.test(text)

/** Hears of every such update that this process sends. */
export const watchUpdates = (onUpdate: (text: string) => void): void => {
  const query = pg.Client.prototype.query
  pg.Client.prototype.query = function (this: pg.Client, ...args: [string | { text?: string }]) {
    const [statement] = args
    const text = typeof statement === 'string' ? statement : statement.text
    if (text !== undefined && movesOffice(text)) onUpdate(text)
    return query.apply(this, args as never)
  } as never
}
