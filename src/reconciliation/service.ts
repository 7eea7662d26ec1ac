import { createHash, randomBytes } from 'node:crypto'
import type { BankStatements } from '../bank/statements.js'
import type { ChannelReports } from '../clearing/service.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf, daysBetween, startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { sum } from '../kernel/money.js'
import { notFound, unavailable } from '../kernel/problems.js'
import type { Inquiry } from '../ledger/inquiry.js'
import { AccountKind, assetKinds } from '../ledger/model.js'
import type { Offices } from '../offices/service.js'
import { Reconciliation, type BalanceProof, type ChannelLine, type Closing, type ClosingRecord, type Difference, type OfOffice, type ProposeClose } from './model.js'
import { checkCloser, endOf, leafNode, pathOf, proposedClose, sumTree } from './rules.js'
import {
  countLeaves, findClosing, findLeaf, findNode, hasSettled, insertLeaves, insertNodes, listDifferences, listOwed, listUnmatched, lockClosing, nextTransaction,
  noteDifference, settleDifference, sumChannels, upsertClosing
} from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Offices
  inquiry: Inquiry
  evidence: Evidence
  balanceOn: BankStatements['balanceOn']
  clearingOn: ChannelReports['clearingOn']
}>

const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

const neverClosed: Closing = { status: 'open', makerId: null, checkerId: null, reason: null, closedAt: null, entries: null, movedFen: null, liabilityRoot: null, liabilityTotalFen: null }

const closingView = (record: ClosingRecord | undefined): Closing => {
  if (!record) return neverClosed
  const { status, makerId, checkerId, reason, closedAt, entries, movedFen, liabilityRoot, liabilityTotalFen } = record
  return { status, makerId, checkerId, reason, closedAt, entries, movedFen, liabilityRoot: liabilityRoot?.toString('hex') ?? null, liabilityTotalFen }
}

/** The bank's word against the books, day by day; and the close of a day by two people. */
export const createReconciliations = ({ work, clock, offices, inquiry, evidence, balanceOn, clearingOn }: Dependencies) => {
  const channelsOn = async (tx: Tx, day: string, until: Date): Promise<ChannelLine[]> => {
    const reports = new Map((await clearingOn(tx, day)).map(({ channel, ...report }) => [channel, report]))
    const reported = new Map((await sumChannels(tx, until)).map(({ channel, reportedFen }) => [channel, reportedFen]))
    const names = new Set([...reported.keys(), ...reports.keys(), ...(await inquiry.accountsOf(tx, 'clearing')).map(({ of }) => of)])
    const lines: ChannelLine[] = []
    for (const channel of [...names].sort()) {
      const reportedFen = reported.get(channel) ?? 0n
      const clearingFen = await inquiry.balanceBefore(tx, { kind: 'clearing', of: channel }, until)
      lines.push({ channel, reportedFen, clearingFen, differenceFen: reportedFen - clearingFen, report: reports.get(channel) ?? null })
    }
    return lines
  }

  /** All figures of a day, by the time things happened, whenever they were booked. */
  const figuresOf = async (tx: Tx, accountNumber: string, day: string) => {
    const until = endOf(day)
    const balance = await balanceOn(tx, accountNumber, day)
    const totals = await inquiry.totalsBefore(tx, until, 'event')
    const of = (kind: AccountKind): bigint => totals.get(kind) ?? 0n
    const bankFen = balance?.closingFen ?? 0n
    const ledgerBankFen = await inquiry.balanceBefore(tx, { kind: 'bank', of: accountNumber }, until)
    const liabilitiesFen = sum(AccountKind.options.filter((kind) => !assetKinds.has(kind)).map(of))
    return {
      date: day, bankFen, statementOn: balance?.day ?? null, ledgerBankFen, differenceFen: bankFen - ledgerBankFen, liabilitiesFen,
      clearingFen: of('clearing'), dueFromOfficeFen: of('due_from_office'), unexplainedDebitFen: of('unexplained_debit'),
      coverFen: of('bank') + of('clearing') - liabilitiesFen,
      booksDifferenceFen: sum([...assetKinds].map(of)) - liabilitiesFen,
      channels: await channelsOn(tx, day, until)
    }
  }

  type Figures = Awaited<ReturnType<typeof figuresOf>>

  const differencesIn = ({ differenceFen, booksDifferenceFen, channels }: Figures, accountNumber: string) => [
    { kind: 'bank', of: accountNumber.slice(-4), differenceFen } as const,
    { kind: 'books', of: 'books', differenceFen: booksDifferenceFen } as const,
    ...channels.map((line) => ({ kind: 'channel', of: line.channel, differenceFen: line.differenceFen }) as const),
    ...channels.flatMap(({ channel, report }) => (report ? [{ kind: 'channel_report', of: channel, differenceFen: report.differenceFen } as const] : []))
  ]

  /** Opens an item for each difference of a day, and settles those that are gone. */
  const note = async (tx: Tx, figures: Figures, accountNumber: string): Promise<void> => {
    const now = clock.now()
    for (const difference of differencesIn(figures, accountNumber)) {
      if (difference.differenceFen === 0n) await settleDifference(tx, figures.date, difference, now)
      else await noteDifference(tx, newId('rdf', tx.office), figures.date, difference, now)
    }
  }

  /** Looks at a day anew, after a statement or an answer of the bank. */
  const review = async (office: number, day: string): Promise<void> => {
    const { accountNumber } = await offices.byNumber(office)
    await work.write(worker, office, async (tx) => note(tx, await figuresOf(tx, accountNumber, day), accountNumber))
  }

  const view = async (tx: Tx, accountNumber: string, day: string): Promise<Reconciliation> => {
    const figures = await figuresOf(tx, accountNumber, day)
    const now = clock.now()
    const differences: Difference[] = (await listDifferences(tx, day)).map(({ kind, of, differenceFen, openedAt, settledAt }) =>
      ({ kind, of, differenceFen, openedAt, settledAt, ageDays: daysBetween(dateOf(openedAt), dateOf(settledAt ?? now)) }))
    return {
      ...figures, differences,
      unmatched: await listUnmatched(tx, accountNumber, day, figures.statementOn),
      closing: closingView(await findClosing(tx, day))
    }
  }

  /** A day of an office, for the notary and the bureau. @throws office_required (422), not_found (404) */
  const find = async (caller: Caller, day: string, { officeId }: OfOffice): Promise<Reconciliation> => {
    const { number, accountNumber } = await offices.resolve(officeId, caller)
    return work.read(actorOf(caller), number, (tx) => view(tx, accountNumber, day))
  }

  /**
   * One person proposes to close a day.
   * @throws wrong_state (409), day_not_over, difference_unexplained (422)
   */
  const proposeClose = async (command: Command, day: string, body: ProposeClose): Promise<Reconciliation> => {
    const { number, accountNumber } = await offices.byNumber(command.caller.office ?? 0)
    return work.writeOnce(command, number, Reconciliation, async (tx) => {
      const figures = await figuresOf(tx, accountNumber, day)
      const now = clock.now()
      const record = proposedClose(day, await lockClosing(tx, day), body, {
        makerId: command.caller.personId, now, snapshot: await nextTransaction(tx), differenceFen: figures.differenceFen, channels: figures.channels
      })
      await note(tx, figures, accountNumber)
      await upsertClosing(tx, record)
      await evidence.appendFact(tx, { fact: 'day-close-proposed', subject: day, occurredAt: now, payload: { day, differenceFen: figures.differenceFen } })
      return view(tx, accountNumber, day)
    })
  }

  /** Commits to what is owed at the end of a day, to whom, in one root. */
  const commitToOwed = async (tx: Tx, day: string) => {
    const owed = await inRole(tx, 'worker', (asWorker) => listOwed(asWorker, endOf(day)))
    const leaves = owed.map((leaf) => {
      invariant(leaf.balanceFen > 0n, `${leaf.owner} is owed less than nothing`)
      const salted = { ...leaf, nonce: randomBytes(16) }
      return { ...salted, node: leafNode(sha256, salted) }
    }).sort((a, b) => Buffer.compare(a.node.hash, b.node.hash))
    const levels = sumTree(sha256, leaves.map(({ node }) => node))
    return { leaves, levels, root: levels.at(-1)?.[0] ?? { hash: sha256(), sumFen: 0n } }
  }

  /**
   * Another person closes the day: what was booked on it stands from now on.
   * @throws wrong_state (409), same_person (403), unavailable (503) while transactions of the day are running
   */
  const close = async (command: Command, day: string): Promise<Reconciliation> => {
    const { number, accountNumber } = await offices.byNumber(command.caller.office ?? 0)
    return work.writeOnce(command, number, Reconciliation, async (tx) => {
      const before = checkCloser(await lockClosing(tx, day), command.caller.personId)
      if (!(await hasSettled(tx, before.snapshot))) throw unavailable({ retryAfterSeconds: 5 })
      const now = clock.now()
      const figures = await figuresOf(tx, accountNumber, day)
      const booked = await inquiry.bookedWithin(tx, startOf(day), endOf(day))
      const { leaves, levels, root } = await commitToOwed(tx, day)
      await upsertClosing(tx, {
        ...before, status: 'closed', checkerId: command.caller.personId, closedAt: now, ...booked, liabilityRoot: root.hash, liabilityTotalFen: root.sumFen
      })
      if (leaves.length > 0) {
        await insertLeaves(tx, day, leaves)
        await insertNodes(tx, day, levels)
      }
      await evidence.appendFact(tx, {
        fact: 'day-closed', subject: day, occurredAt: now,
        payload: {
          day, ...booked, bankFen: figures.bankFen, ledgerBankFen: figures.ledgerBankFen, differenceFen: figures.differenceFen,
          liabilityRoot: root.hash.toString('hex'), liabilityTotalFen: root.sumFen, liabilityLeaves: leaves.length
        }
      })
      return view(tx, accountNumber, day)
    })
  }

  /** A consumer's own balance in the sum tree of a day that is closed. @throws not_found (404), office_required (422) */
  const proofOf = async (caller: Caller, day: string, { officeId }: OfOffice): Promise<BalanceProof> => {
    const { number } = await offices.resolve(officeId, caller)
    return work.read(actorOf(caller), number, async (tx) => {
      const leaf = await findLeaf(tx, day, caller.personId)
      const closing = await findClosing(tx, day)
      if (!leaf || closing?.liabilityRoot === null || closing === undefined) throw notFound({})
      const leafCount = await countLeaves(tx, day)
      const path: BalanceProof['path'] = []
      for (const { level, at, side } of pathOf(leaf.position, leafCount)) {
        const node = await findNode(tx, day, level, at)
        invariant(node, 'the tree is whole')
        path.push({ side, hash: node.hash.toString('hex'), sumFen: node.sumFen })
      }
      return {
        date: day, owner: leaf.owner, nonce: leaf.nonce.toString('hex'), balanceFen: leaf.balanceFen, position: leaf.position, leafCount, path,
        root: closing.liabilityRoot.toString('hex'), totalFen: closing.liabilityTotalFen ?? 0n
      }
    })
  }

  return { find, review, proposeClose, close, proofOf }
}

export type Reconciliations = ReturnType<typeof createReconciliations>
