import { readFileSync } from 'node:fs'
import pg from 'pg'
import { AccountKind } from '../../src/ledger/model.js'
import type { TestApp } from './app.js'

type Sides = Readonly<{ D: ReadonlySet<string>; C: ReadonlySet<string> }>

const kindsIn = (cell: string): Set<string> => new Set(AccountKind.options.filter((kind) => new RegExp(`(?<![a-z_])${kind}(?![a-z_])`).test(cell)))

/** The accounts that docs/accounting.md names for each event, by side. */
export const documentedEvents = (): Map<string, Sides> => {
  const text = readFileSync(new URL('../../docs/accounting.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|/gm)]
  return new Map(rows.map(([, event, debit, credit]) => [event as string, { D: kindsIn(debit as string), C: kindsIn(credit as string) }]))
}

/** What was booked otherwise than the document says: none, if all is well. */
export const bookedOtherwise = async ({ database }: TestApp): Promise<string[]> => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  try {
    const events = documentedEvents()
    const { rows } = await client.query<{ event: string; side: 'D' | 'C'; kind: string }>(
      'select distinct t.event, e.side, e.kind from transfers t join entries e on e.office_id = t.office_id and e.transfer_id = t.id order by 1, 2, 3')
    return rows.filter(({ event, side, kind }) => !events.get(event)?.[side].has(kind)).map(({ event, side, kind }) => `${event}: ${side === 'D' ? 'Dr' : 'Cr'} ${kind}`)
  } finally {
    await client.end()
  }
}
