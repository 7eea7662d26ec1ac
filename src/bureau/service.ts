import type { Claims } from '../claims/service.js'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Readable } from 'node:stream'
import { addDays, after, dateOf, startOf } from '../kernel/calendar.js'
import type { Holds } from '../holds/service.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf, uuidOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { sum } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Inquiry } from '../ledger/inquiry.js'
import type { Ledger } from '../ledger/service.js'
import { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import { journalIn, mediaTypeOf, quarterlySheet } from './journal.js'
import { QuarterlyRule, type AuditGroups, type By, type GroupsQuery, type JournalLine, type JournalQuery, type MerchantBalances, type MerchantLine, type MerchantsQuery, type OfOffice, type Overview, type OverviewQuery, type QuarterlyQuery, type QuarterlyReport, type TrialBalance, type TrialBalanceQuery } from './model.js'
import { mustBeProtected, overviewOf, quarterOf, takenBack, trialBalanceOf, type Balances } from './rules.js'
import { added, comparedOf, countedOf, groupsOf, partsOf, zero, type Amounts } from './groups/rules.js'
import { listAudited, listContractTotals, standingOf } from './groups/store.js'
import { everything, sumMoved, sumMovements } from './movements.js'
import { findMerchantTotals, holdStill, listJournal, listMerchantTotals, sumContracts, sumLegalHolds } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; offices: Offices; ledger: Ledger; inquiry: Inquiry; merchants: Pick<Merchants, 'count'>; claims: Pick<Claims, 'openOf'>; holds: Pick<Holds, 'withheldOf'> }>

const journalBatch = 5_000
/** More merchants than one office will have. */
const merchantsMax = 100_000

/** The same batches, the first of them read: what cannot be read is a refusal, and not the half of a file. */
const begun = async <Batch>(batches: AsyncGenerator<Batch>): Promise<AsyncGenerator<Batch>> => {
  const first = await batches.next()
  return (async function * () {
    if (first.done !== true) yield first.value
    yield * batches
  })()
}

export const createBureau = ({ work, clock, offices, merchants: shops, ledger, inquiry, claims, holds }: Dependencies) => {
  const officeFor = async (caller: Caller, { officeId }: OfOffice): Promise<number> => (await offices.resolve(officeId, caller)).number

  /** A moment asked for, not later than what is read reaches, and the first one after it. */
  const momentOf = ({ lagMs }: Tx, { at }: { at?: Date | undefined }): { at: Date; until: Date } => {
    const now = after(clock.now(), -lagMs)
    const moment = at && at < now ? at : now
    return { at: moment, until: at && at < now ? after(moment, 1) : everything }
  }

  /** The balances of every kind of account as they stand. */
  const standing = async (tx: Tx): Promise<Balances> => {
    const { held, disputed, pending } = await sumContracts(tx)
    return new Map([...await ledger.ownTotals(tx), ['held', held], ['disputed', disputed], ['pending', pending]])
  }

  /** The books at a moment, added up twice: from the entries before it, and from the balances less what came since. */
  const bothAt = async (tx: Tx, until: Date, by: By): Promise<readonly [Balances, Balances]> =>
    [await inquiry.totalsBefore(tx, until, by), takenBack(await standing(tx), await inquiry.totalsSince(tx, until, by))]

  /** The office's books on one page, from entries and from balances at one moment. @throws office_required (422) */
  const overview = async (caller: Caller, query: OverviewQuery): Promise<Overview> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      await holdStill(tx)
      const { at, until } = momentOf(tx, query)
      const moved = await sumMoved(tx, until, query.by)
      const sums = { merchants: await shops.count(tx), ...countedOf(moved), ...added(moved.map(({ before }) => before)), ...await sumLegalHolds(tx, at) }
      return overviewOf(at, query.by, sums, ...await bothAt(tx, until, query.by))
    })

  /** A line a merchant, newest first. @throws office_required (422) */
  const merchants = async (caller: Caller, query: MerchantsQuery): Promise<PageOf<MerchantLine>> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      await holdStill(tx)
      const page = pageOf(await listMerchantTotals(tx, positionOf(query, MerchantId), query.limit + 1, query), query, ({ merchantId }) => merchantId)
      const moved = await sumMoved(tx, momentOf(tx, query).until, query.by, page.items.map(({ merchantId }) => merchantId))
      return {
        ...page,
        items: page.items.map((row) => {
          const mine = moved.filter(({ merchantId }) => merchantId === row.merchantId)
          const { amounts, ...totals } = comparedOf(mine, [standingOf(row)])
          return { ...row, ...amounts, ...countedOf(mine), ...totals }
        })
      }
    })

  /** The same by district, by category or by kind of contract, in one answer. @throws office_required (422) */
  const groups = async (caller: Caller, query: GroupsQuery): Promise<AuditGroups> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      await holdStill(tx)
      const { at, until } = momentOf(tx, query)
      const audited = await listAudited(tx, query)
      const ids = audited.map(({ merchantId }) => merchantId)
      const isByKind = query.per === 'kind' || query.kind !== undefined
      const [all, standing] = [await sumMoved(tx, until, query.by, ids), isByKind ? await listContractTotals(tx, ids) : audited.map(standingOf)]
      const parts = partsOf(isByKind, query.kind, all, standing)
      const { amounts: _, ...totals } = comparedOf(parts.moved, parts.standing)
      return { at, by: query.by, per: query.per, groups: groupsOf(query.per, isByKind, { merchants: audited, ...parts }), ...totals }
    })

  /** One line for each kind of account, as of any past moment; one to come is now. @throws office_required (422) */
  const trialBalance = async (caller: Caller, query: TrialBalanceQuery): Promise<TrialBalance> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      await holdStill(tx)
      const { at, until } = momentOf(tx, query)
      return trialBalanceOf(at, query.by, ...await bothAt(tx, until, query.by))
    })

  /** A journal's entries in batches, each read by itself: no transaction is kept open while somebody downloads. */
  async function * batchesOf (caller: Caller, office: number, from: Date, until: Date): AsyncGenerator<JournalLine[]> {
    const stretches = await work.read(actorOf(caller), office, (tx) => inquiry.stretchesWithin(tx, from, until))
    for (const { from: begin, until: end } of stretches) {
      // Behind the last line of the transfer it begins behind.
      let after = { transferId: begin, line: 32_767 }
      for (let batch: JournalLine[] = [], isFull = true; isFull; isFull = batch.length === journalBatch) {
        batch = await work.read(actorOf(caller), office, (tx) => listJournal(tx, from, until, { after, until: end }, journalBatch))
        const last = batch.at(-1)
        if (last === undefined) break
        after = { transferId: uuidOf(last.transferId), line: last.line }
        yield batch
      }
    }
  }

  /** The journal of a time, streamed in a format other tools read; for the bureau without people. @throws office_required (422) */
  const journal = async (caller: Caller, query: JournalQuery): Promise<{ type: string; body: Readable }> => {
    const office = await officeFor(caller, query)
    const now = clock.now()
    const beginning = (moment: Date | string): Date => (typeof moment === 'string' ? startOf(moment) : moment)
    const end = (moment: Date | string): Date => (typeof moment === 'string' ? startOf(addDays(moment, 1)) : moment)
    const from = query.from === undefined ? new Date(0) : beginning(query.from)
    const until = query.to === undefined || end(query.to) > now ? after(now, 1) : end(query.to)
    return { type: mediaTypeOf[query.format], body: journalIn(query.format, await begun(batchesOf(caller, office, from, until))) }
  }

  /** What was booked for each merchant before an instant. */
  const amountsBefore = async (tx: Tx, until: Date): Promise<(merchantId: MerchantId) => Amounts> => {
    const amounts = new Map<MerchantId, Amounts>()
    for (const { merchantId, before } of await sumMovements(tx, until, 'booking')) amounts.set(merchantId, added([amounts.get(merchantId) ?? zero, before]))
    return (merchantId) => amounts.get(merchantId) ?? zero
  }

  /** What each merchant's consumers had prepaid and not got at the end of a quarter. @throws office_required (422) */
  const quarterly = async (caller: Caller, query: QuarterlyQuery): Promise<QuarterlyReport> => {
    const office = await offices.resolve(query.officeId, caller)
    return work.read(actorOf(caller), office.number, async (tx) => {
      await holdStill(tx)
      const rule = await offices.ruleInForce(tx, 'quarterly_balance_report', [office.id, office.district], dateOf(clock.now()))
      invariant(rule, 'no quarterly_balance_report is in force')
      const { lineFen: line, protectedBasisPoints, dueDay } = QuarterlyRule.parse(rule.value)
      const lineFen = BigInt(line)
      const { from, to, dueOn } = quarterOf(query.quarter, dueDay)
      const merchants = await listMerchantTotals(tx, undefined, merchantsMax)
      const [before, after] = [await amountsBefore(tx, startOf(from)), await amountsBefore(tx, startOf(addDays(to, 1)))]
      const lines = merchants.map(({ merchantId, name, category, district }) => {
        const { heldFen, disputedFen, pendingFen, paidFen } = after(merchantId)
        const balanceFen = heldFen + disputedFen + pendingFen
        return {
          merchantId, name, category, district, balanceFen, soldFen: paidFen - before(merchantId).paidFen, aboveLine: balanceFen > lineFen,
          mustBeProtectedFen: mustBeProtected(balanceFen, lineFen, protectedBasisPoints), protectedFen: balanceFen
        }
      })
      const ledgerTotals = await inquiry.totalsBefore(tx, startOf(addDays(to, 1)), 'booking')
      const ledgerFen = sum((['held', 'disputed', 'pending'] as const).map((kind) => ledgerTotals.get(kind) ?? 0n))
      const totalFen = sum(lines.map(({ balanceFen }) => balanceFen))
      return { quarter: query.quarter, from, to, dueOn, lineFen, lines, totalFen, ledgerFen, agree: totalFen === ledgerFen }
    })
  }

  /** A merchant's money, for itself, the notary and the bureau. @throws not_found (404), also for another merchant's */
  const balances = (caller: Caller, merchantId: MerchantId): Promise<MerchantBalances> =>
    work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      const row = await findMerchantTotals(tx, merchantId)
      if (!row) throw notFound({})
      return { ...row, claimsFen: await claims.openOf(tx, merchantId), legalHoldFen: await holds.withheldOf(tx, merchantId) }
    })

  /** The same as a spreadsheet. @throws office_required (422) */
  const sheet = async (caller: Caller, query: QuarterlyQuery): Promise<Buffer> => quarterlySheet(await quarterly(caller, query))

  return { overview, merchants, groups, trialBalance, balances, journal, quarterly, quarterlySheet: sheet }
}

export type Bureau = ReturnType<typeof createBureau>
