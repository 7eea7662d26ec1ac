import { createHash } from 'node:crypto'
import { worker, type Actor, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { after, dateOf, hourMs } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { idOf, officeOf, uuidOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { forbidden } from '../kernel/problems.js'
import type { Job } from '../timetable/service.js'
import type { Audit } from './service.js'
import { AccessId, type AccessEntry, type AccessFilter, type AccessLogQuery, type AccessLogState } from './model.js'
import { countUnlinked, findLastLink, insertLinks, listAuditRows, listLinks, listUnlinked, lockLastLink, type AuditRow, type LinkRow } from './store.js'

/*
 * The access log as one chain of hashes per office. Rows are written by the acts they tell of,
 * side by side; this gives them an order afterwards, so that no act waits for another. Once a day,
 * with the first act of the next, an office's evidence log takes the head of its chain and of the
 * platform's: from then on even whoever owns the database cannot write the log anew unseen.
 */

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; evidence: Pick<Evidence, 'appendFact'>; audit: Pick<Audit, 'takeWritten'> }>

const batchMax = 500
/** No act takes so long that its row could come later than this behind a row of a later act. */
const lateMs = hourMs

const linkHash = (previous: Buffer | undefined, row: AuditRow): Buffer => createHash('sha256')
  .update(previous ?? Buffer.alloc(32))
  .update(JSON.stringify([row.officeId, row.id, row.at.toISOString(), row.personId, row.end, row.sessionId, row.operation, row.requestId, row.address, row.asRole]))
  .digest()

/** The smallest id that a row written at an instant can have (UUIDv7: the first 48 bits are its time). */
const firstIdOf = (at: Date): AuditRow['id'] => idOf('aud', `${at.getTime().toString(16).padStart(12, '0')}00000000000000000000`)

const writtenAt = (id: AuditRow['id']): Date => new Date(Number.parseInt(uuidOf(id).replaceAll('-', '').slice(0, 12), 16))

const entryOf = ({ id, at, personId, end, operation, requestId, address }: AuditRow): AccessEntry => ({ id, at, personId, end, operation, requestId, address })

export const createAccessLog = ({ work, clock, evidence, audit }: Dependencies) => {
  const seal = async (tx: Tx, last: LinkRow, platform: LinkRow | undefined): Promise<void> => evidence.appendFact(tx, {
    fact: 'access-log-sealed', subject: last.entryId, occurredAt: clock.now(),
    payload: { entries: last.position, head: last.hash.toString('hex'), platformEntries: platform?.position ?? 0, platformHead: platform?.hash.toString('hex') }
  })

  /** @returns whether there may be more */
  const lengthen = async (tx: Tx, platform: LinkRow | undefined): Promise<boolean> => {
    const last = await lockLastLink(tx)
    const rows = await listUnlinked(tx, last && firstIdOf(after(writtenAt(last.entryId), -lateMs)), batchMax)
    const [first] = rows
    if (!first) return false
    if (tx.office !== 0 && last && dateOf(last.at) < dateOf(first.at)) await seal(tx, last, platform)
    const links: LinkRow[] = []
    for (const row of rows) {
      const before = links.at(-1) ?? last
      links.push({ officeId: tx.office, position: (before?.position ?? 0) + 1, entryId: row.id, at: row.at, hash: linkHash(before?.hash, row) })
    }
    await insertLinks(tx, links)
    return rows.length === batchMax
  }

  const lengthenedAt = new Map<number, number>()
  const job: Job = {
    name: 'access log',
    nextDue: () => Promise.resolve(null),
    run: async (office, at) => {
      // What this process wrote at once; what others left behind within the hour.
      const isNew = audit.takeWritten(office)
      if (!isNew && at.getTime() - (lengthenedAt.get(office) ?? 0) < hourMs) return
      lengthenedAt.set(office, at.getTime())
      const platform = office === 0 ? undefined : await work.read(worker, 0, findLastLink)
      while (await work.write(worker, office, (tx) => lengthen(tx, platform)));
    }
  }

  /** Reads as the role that may do nothing else; that it was read is in the log too. @throws forbidden (403) to all but the audit administrator */
  const asAuditor = <Result>(caller: Caller, { officeId }: AccessLogQuery, use: (tx: Tx) => Promise<Result>): Promise<Result> => {
    if (!caller.roles.includes('audit')) throw forbidden({})
    const auditor: Actor = { role: 'auditor', personId: caller.personId, caller }
    return work.write(auditor, officeId === undefined ? 0 : officeOf(officeId), use)
  }

  /** What the staff did, newest first: for the audit administrator. @throws forbidden (403) */
  const list = (caller: Caller, filter: AccessFilter): Promise<PageOf<AccessEntry>> => asAuditor(caller, filter, async (tx) => {
    const { personId, operation, from, to, limit } = filter
    const { items, nextCursor } = pageOf(await listAuditRows(tx, { personId, operation, from, to }, positionOf(filter, AccessId), limit + 1), filter, ({ id }) => id)
    return { items: items.map(entryOf), nextCursor }
  })

  const walk = async (tx: Tx): Promise<Pick<AccessLogState, 'entries' | 'head' | 'brokenPosition'>> => {
    let last: LinkRow | undefined
    for (;;) {
      const links = await listLinks(tx, last?.position ?? 0, batchMax)
      for (const { link, row } of links) {
        const isSound = row !== undefined && link.position === (last?.position ?? 0) + 1 && link.hash.equals(linkHash(last?.hash, row))
        if (!isSound) return { entries: link.position, head: last?.hash.toString('hex') ?? null, brokenPosition: link.position }
        last = link
      }
      if (links.length < batchMax) return { entries: last?.position ?? 0, head: last?.hash.toString('hex') ?? null, brokenPosition: null }
    }
  }

  /** Recomputes the whole chain of an office. @throws forbidden (403) */
  const verify = (caller: Caller, query: AccessLogQuery): Promise<AccessLogState> => asAuditor(caller, query, async (tx) => {
    const walked = await walk(tx)
    const unlinked = await countUnlinked(tx, after(clock.now(), -lateMs))
    return { ...walked, unlinked, isIntact: walked.brokenPosition === null && unlinked === 0 }
  })

  return { job, list, verify }
}

export type AccessLog = ReturnType<typeof createAccessLog>
