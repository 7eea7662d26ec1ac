import { isDeepStrictEqual } from 'node:util'
import { movedBetween, readBooks, type Moved, type Reading } from './books.js'
import { apiOf, caller, Departure, type Api } from './client.js'
import { signIn, type Person } from './people.js'
import { change, left, right, ruler, say, table, yuan } from './print.js'

/*
 * The one who tells the story: a line in Chinese and a gloss in English for each event, and under
 * it the accounts that it touched, before and after. Which those are nobody says: the whole books
 * are read after each event, and what differs is shown.
 */

export type Text = Readonly<{ zh: string; en: string }>

export type Story = Readonly<{
  /** a caller without a token: the public's calls, and the sandbox's */
  nobody: Api
  /** two notaries: one makes, the other checks */
  maker: Person
  checker: Person
  enter: (name: string, as: Readonly<{ phone: string; end: string; merchantId?: string }>) => Promise<Person>
  /** The business date by the service's clock. */
  today: () => Promise<string>
  chapter: (title: Text) => Promise<void>
  /** One event: its line, what `act` does, and every balance that changed by it. */
  tell: <Result>(text: Text, act: () => Promise<Result>) => Promise<Result>
  /** A remark under the event. */
  note: (text: string) => void
  /** What must be so, whoever reads it. @throws Departure when it is not */
  check: (claim: string, actual: unknown, wanted: unknown) => void
  /** What a contract is called in the story. */
  name: (contractId: string, name: string) => void
  /** Moves the sandbox's clock; what falls due on the way is done. */
  pass: (seconds: number) => Promise<void>
  checked: () => number
}>

const ordinals = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二', '十三', '十四', '十五', '十六']

const shanghaiDate = (instant: string): string => new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 10)

const linesOf = (moved: readonly Moved[]): string[] =>
  table(moved.map(({ account, of, before, fen }) => [account, of, yuan(before), '→', yuan(fen), change(fen - before)]), [left(22), left(18), right(10), left(), right(10), right(11)])

export const openStory = async (url: string): Promise<Story> => {
  const nobody = apiOf(caller(url))
  const enter: Story['enter'] = (name, as) => signIn(url, nobody, name, as)
  const [maker, checker] = await Promise.all([
    enter('公证员甲', { phone: '13800000002', end: 'notary' }), enter('公证员乙', { phone: '13800000003', end: 'notary' })
  ])

  const { items: [earlier] } = await maker.get('/contracts?limit=1')
  if (earlier) throw new Error('DATABASE_URL names a database that has contracts in it; the story needs a fresh one.')

  const names = new Map<string, string>()
  const read = (): Promise<Reading> => readBooks(maker, (id) => names.get(id) ?? id)
  let [chapters, events, checks] = [0, 0, 0]
  let books = await read()

  const today: Story['today'] = async () => shanghaiDate((await nobody.get('/sandbox/clock')).now)

  const chapter: Story['chapter'] = async ({ zh, en }) => {
    const date = await today()
    say()
    say(`第${ordinals[chapters++]}章  ${zh} · ${en}  (${date})`)
    say(ruler('─'))
  }

  const tell: Story['tell'] = async ({ zh, en }, act) => {
    say(`${String(++events).padStart(2)}  ${zh}`)
    say(`    ${en}`)
    const result = await act()
    const after = await read()
    for (const line of linesOf(movedBetween(books, after))) say(`      ${line}`)
    books = after
    checks++
    return result
  }

  const check: Story['check'] = (claim, actual, wanted) => {
    checks++
    if (!isDeepStrictEqual(actual, wanted)) throw new Departure(`${claim}: should be ${JSON.stringify(wanted)}, and is ${JSON.stringify(actual)}`)
  }

  return {
    nobody, maker, checker, enter, today, chapter, tell, check,
    note: (text) => { say(`      · ${text}`) },
    name: (contractId, name) => { names.set(contractId, name) },
    pass: async (seconds) => { await nobody.post('/sandbox/clock', { advanceSeconds: seconds }) },
    checked: () => checks
  }
}
