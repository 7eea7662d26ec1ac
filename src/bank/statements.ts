import type { Deposits } from '../deposits/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { addDays, dateOf, dayMs, after, startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { isId, newId, officeOf, uuidOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Upload } from '../kernel/upload.js'
import type { Vault } from '../kernel/vault.js'
import type { BookedLine, Inquiry } from '../ledger/inquiry.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Office } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import type { BankRefunds } from '../refunds/bank-refunds.js'
import type { Payouts } from '../settlement/payouts.js'
import { readCamt053 } from './camt053.js'
import { readCsv } from './csv.js'
import {
  BankEntryId, ImportedStatement, StatementId, StatementSetting,
  type BankEntry, type Candidate, type EntriesQuery, type EntryDetails, type StatementEntry, type StatementHead, type StatementLine, type StatementRecord
} from './model.js'
import { bankAccount, bankChargeTaken, interestCredited, officeToppedUp, unexplained } from './postings.js'
import { statementContradicts, statementOfAnotherAccount, tooManyUnmatched } from './problems.js'
import type { Reading } from './reading.js'
import { bookedSideOf, checkBalanced, claimOf, decide, eventTimeOf, orderNamed, signedFen, type Circumstances, type Decision, type Known, type OrderId } from './rules.js'
import {
  findBalance, findEntry, findStatement, insertEntries, insertItem, keepStatement, listConfirmed, listEntries, listKept, listNewEntries, listStatements, lockEntry, sumEntries,
  updateEntry, updateStatement, upsertBalance, type EntryRow
} from './store.js'

type OfficeAccount = Pick<Office, 'id' | 'district'> & Readonly<{ number: number; bankName: string; accountName: string; accountNumber: string }>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Offices
  ledger: Ledger
  inquiry: Inquiry
  evidence: Evidence
  outbox: Outbox
  deposits: Pick<Deposits, 'listSettlements'>
  payouts: Pick<Payouts, 'payeesOf' | 'recordPaid' | 'recordReturn'>
  bankRefunds: Pick<BankRefunds, 'refundsOf' | 'recordPaid' | 'recordReturn'>
  /** receipts that go back to their payers */
  returns: Readonly<{ isOrdered: (tx: Tx, id: Id<'srt'>) => Promise<boolean>; recordPaid: (id: Id<'srt'>, at: Date) => Promise<void> }>
  /** called once a statement, or the bank's word in it, is in the books */
  onBooked: (office: number, day: string) => Promise<void>
}>

type Word = Readonly<{ entryId: string; orderId: string; outcome: 'paid' | 'returned'; reference: string; bookedOn: string }>

const topic = 'bank.statement-word'
const about = 'bank_entries.details'
const unmatchedMax = 10_000
const undecidedBatch = 200
const returnedByStatement = '银行退回(对账单)'
const byReference = '凭证号一致 / the reference agrees'

/** Amounts that come to the same movement twice in one file are told apart by this. */
const keyOf = ({ event, reference, side, amountFen }: Pick<BookedLine, 'event' | 'reference' | 'side' | 'amountFen'>): string => `${event} ${reference} ${side} ${amountFen}`

const maskedNumber = (accountNumber: string): string => `****${accountNumber.slice(-4)}`

/**
 * Statements of the special account. One import is one transaction, whatever its size: lines are
 * read, looked for in the books and kept batch by batch, and only what nothing explains is booked,
 * at the end, when the books' accounts are locked for a moment. The bank's word on an order is
 * carried out after the commit, in that order's own transaction.
 */
export const createBankStatements = ({ work, clock, vault, offices, ledger, inquiry, evidence, outbox, deposits, payouts, bankRefunds, returns, onBooked }: Dependencies) => {
  const detailsOf = ({ detailsSealed }: Pick<EntryRow, 'detailsSealed'>): EntryDetails => JSON.parse(vault.open(detailsSealed, about)) as EntryDetails

  const entryOf = (row: EntryRow): BankEntry => ({ ...row, ...detailsOf(row), balanceFen: undefined })

  const entryView = (row: EntryRow): StatementEntry => {
    const { counterparty, remittance } = detailsOf(row)
    const { id, entryReference, endToEndId, side, amountFen, bookedOn, valueOn, status, matchedBy, reason, transferId } = row
    return { id, entryReference, endToEndId, side, amountFen, bookedOn, valueOn, status, matchedBy, reason, transferId, counterparty, remittance }
  }

  const settingOf = async (tx: Tx, office: OfficeAccount): Promise<StatementSetting> => {
    const rule = await offices.ruleInForce(tx, 'bank_statement', [office.id, office.district], dateOf(clock.now()))
    invariant(rule, 'no bank_statement is in force')
    return StatementSetting.parse(rule.value)
  }

  /** What references of these lines can name: channel settlements, and refunds by bank. */
  const knownOf = async (tx: Tx, lines: readonly Pick<StatementLine, 'endToEndId'>[]): Promise<Known> => {
    const orders = lines.map(({ endToEndId }) => orderNamed(endToEndId)?.id)
    const transfers = orders.filter((id) => id !== undefined && isId('bnr', id)) as Id<'bnr'>[]
    const numbers = lines.filter(({ endToEndId }, i) => orders[i] === undefined && endToEndId !== '').map(({ endToEndId }) => endToEndId)
    return {
      settlements: new Map(numbers.length === 0 ? [] : (await deposits.listSettlements(tx, numbers, [])).map(({ number, id }) => [number, id])),
      refunds: new Map((await bankRefunds.refundsOf(tx, transfers)).map(({ id, refundId }) => [id, refundId]))
    }
  }

  /** The movements in the books that these lines name and no line has confirmed, by line. */
  const namedOf = async (tx: Tx, account: OwnAccount, lines: readonly StatementLine[]): Promise<(Id<'trf'> | undefined)[]> => {
    const known = await knownOf(tx, lines)
    const wanted = lines.map((line) => {
      const claim = claimOf(line, known)
      return claim && { ...claim, side: bookedSideOf(line), amountFen: line.amountFen }
    })
    const booked = await inquiry.findLines(tx, account, wanted.filter((claim) => claim !== undefined))
    const confirmed = await listConfirmed(tx, booked.map(({ transferId }) => transferId))
    const free = new Map<string, Id<'trf'>[]>()
    for (const line of booked) {
      if (!confirmed.has(uuidOf(line.transferId))) free.set(keyOf(line), [...free.get(keyOf(line)) ?? [], line.transferId])
    }
    return wanted.map((claim) => claim && free.get(keyOf(claim))?.shift())
  }

  const rowOf = (tx: Tx, { id: statementId, accountNumber }: StatementRecord, line: StatementLine, transferId: Id<'trf'> | undefined): EntryRow => {
    const { entryReference, endToEndId, side, amountFen, bookedOn, valueOn, code, counterparty, counterpartyAccount, remittance } = line
    return {
      id: newId('bse', tx.office), statementId, accountNumber, entryReference, endToEndId, side, amountFen, bookedOn, valueOn, code,
      status: transferId ? 'matched' : 'new', matchedBy: transferId ? 'reference' : null, reason: transferId ? byReference : null, transferId: transferId ?? null,
      detailsSealed: vault.seal(JSON.stringify({ counterparty, counterpartyAccount, remittance }), about)
    }
  }

  /** Lines of a batch not kept yet. @throws statement_contradicts (422) for one kept otherwise */
  const unkept = async (tx: Tx, { accountNumber }: StatementRecord, batch: readonly StatementLine[]): Promise<StatementLine[]> => {
    const kept = new Map((await listKept(tx, accountNumber, batch.map(({ entryReference }) => entryReference))).map((line) => [line.entryReference, line]))
    const fresh = new Map<string, StatementLine>()
    for (const line of batch) {
      const before = kept.get(line.entryReference) ?? fresh.get(line.entryReference)
      if (!before) fresh.set(line.entryReference, line)
      else if (before.side !== line.side || before.amountFen !== line.amountFen || before.bookedOn !== line.bookedOn) throw statementContradicts({ entryReference: line.entryReference })
    }
    return [...fresh.values()]
  }

  /** Keeps all lines of a statement. @returns what they moved, and how many of them nothing explains yet */
  const keepLines = async (tx: Tx, statement: StatementRecord, lines: AsyncIterable<StatementLine[]>) => {
    const account = bankAccount(statement.accountNumber)
    let movedFen = 0n
    let undecided = 0
    for await (const batch of lines) {
      for (const line of batch) movedFen += signedFen(line)
      const fresh = await unkept(tx, statement, batch)
      if (fresh.length === 0) continue
      const named = await namedOf(tx, account, fresh)
      undecided += named.filter((transferId) => transferId === undefined).length
      if (undecided > unmatchedMax) throw tooManyUnmatched({ max: unmatchedMax })
      await insertEntries(tx, fresh.map((line, i) => rowOf(tx, statement, line, named[i])))
    }
    return movedFen
  }

  const partiesOf = async (tx: Tx, lines: readonly BookedLine[], { accountName }: OfficeAccount, { channelNames }: StatementSetting): Promise<Candidate[]> => {
    const payees = new Map((await payouts.payeesOf(tx, lines.map(({ reference }) => reference).filter((id) => isId('sti', id)))).map(({ id, payeeName }) => [id as string, payeeName]))
    const settlements = lines.map(({ reference }) => reference).filter((id) => isId('chs', id))
    const channels = new Map(settlements.length === 0 ? [] : (await deposits.listSettlements(tx, [], settlements)).map(({ id, channel }) => [id as string, channel]))
    return lines.map(({ transferId, event, reference, occurredAt }) => {
      const payee = event === 'fee-taken' ? accountName : payees.get(reference)
      const channel = channels.get(reference)
      return { transferId, event, reference, occurredOn: dateOf(occurredAt), parties: [...payee ? [payee] : [], ...channel ? channelNames[channel] ?? [] : []] }
    })
  }

  const candidatesFor = async (tx: Tx, entry: BankEntry, office: OfficeAccount, setting: StatementSetting): Promise<Candidate[]> => {
    const lines = await inquiry.listLines(tx, bankAccount(entry.accountNumber), {
      side: bookedSideOf(entry), amountFen: entry.amountFen,
      from: startOf(addDays(entry.bookedOn, -setting.matchDays)), to: after(startOf(addDays(entry.bookedOn, setting.matchDays)), dayMs)
    })
    const confirmed = await listConfirmed(tx, lines.map(({ transferId }) => transferId))
    return partiesOf(tx, lines.filter(({ transferId }) => !confirmed.has(uuidOf(transferId))), office, setting)
  }

  /** Orders that a line's reference names and the bank may still speak of. */
  const openOrdersOf = async (tx: Tx, { endToEndId, side }: BankEntry): Promise<Set<OrderId>> => {
    const id = orderNamed(endToEndId)?.id
    if (!id) return new Set()
    if (isId('srt', id)) return new Set(side === 'D' && await returns.isOrdered(tx, id) ? [id] : [])
    const orders = isId('sti', id) ? await payouts.payeesOf(tx, [id]) : await bankRefunds.refundsOf(tx, [id])
    return new Set(orders.filter((order) => order.isUnderWay || (side === 'C' && order.status === 'paid')).map((order) => order.id))
  }

  const circumstancesOf = async (tx: Tx, entry: BankEntry, office: OfficeAccount, setting: StatementSetting, hearsOrders: boolean): Promise<Circumstances> => ({
    openOrders: hearsOrders ? await openOrdersOf(tx, entry) : new Set(),
    candidates: entry.counterparty === '' ? [] : await candidatesFor(tx, entry, office, setting),
    setting,
    bankName: office.bankName,
    dueFromOffice: setting.ownAccountNumbers.includes(entry.counterpartyAccount)
      ? (await inquiry.accountsOf(tx, 'due_from_office')).map(({ of, balanceFen }) => ({ account: { kind: 'due_from_office', of }, balanceFen }))
      : []
  })

  const bookUnexplained = async (tx: Tx, entry: BankEntry, reason: string, ownerId: Id<'per'>, now: Date): Promise<void> => {
    const id = newId('sus', tx.office)
    const transferId = await ledger.post(tx, unexplained(entry, id, eventTimeOf(entry.bookedOn, now)))
    await insertItem(tx, {
      id, entryId: entry.id, side: entry.side, amountFen: entry.amountFen, status: 'open', ownerId, openedAt: now,
      kind: null, target: null, reason: null, makerId: null, checkerId: null, resolvedAt: null, payeeSealed: null, orderId: null, orderedAt: null
    })
    await updateEntry(tx, entry.id, { status: 'suspense', matchedBy: null, reason, transferId: transferId ?? null })
  }

  const journalOf = (entry: BankEntry, decision: Exclude<Decision, { as: 'answers' | 'matched' | 'suspense' }>, at: Date) => {
    if (decision.as === 'top_up') return officeToppedUp(entry, decision.parts, at)
    return decision.as === 'charge' ? bankChargeTaken(entry, at) : interestCredited(entry, at)
  }

  const record = async (tx: Tx, entry: BankEntry, decision: Decision, ownerId: Id<'per'>): Promise<void> => {
    const now = clock.now()
    const { reason } = decision
    if (decision.as === 'suspense') return bookUnexplained(tx, entry, reason, ownerId, now)
    if (decision.as === 'matched') return updateEntry(tx, entry.id, { status: 'matched', matchedBy: 'amount_counterparty_date', reason, transferId: decision.transferId })
    if (decision.as === 'answers') {
      const payload: Word = { entryId: entry.id, orderId: decision.orderId, outcome: decision.outcome, reference: entry.entryReference, bookedOn: entry.bookedOn }
      await outbox.send(tx, { topic, key: entry.id, payload })
      return updateEntry(tx, entry.id, { status: 'answers', matchedBy: 'reference', reason, transferId: null })
    }
    const transferId = await ledger.post(tx, journalOf(entry, decision, eventTimeOf(entry.bookedOn, now)))
    await updateEntry(tx, entry.id, { status: 'booked', matchedBy: 'kind', reason, transferId: transferId ?? null })
  }

  /** Decides on every line of a statement that its reference did not explain. */
  const decideRest = async (tx: Tx, { id, importedBy }: StatementRecord, office: OfficeAccount, setting: StatementSetting): Promise<void> => {
    let last: BankEntryId | undefined
    for (;;) {
      const rows = await listNewEntries(tx, id, last, undecidedBatch)
      for (const row of rows) {
        const entry = entryOf(row)
        await record(tx, entry, decide(entry, await circumstancesOf(tx, entry, office, setting, true)), importedBy)
      }
      if (rows.length < undecidedBatch) return
      last = rows.at(-1)?.id
    }
  }

  /** The bank's closing balance less the books' of that day, answers that are still to be carried out counted in. */
  const differenceOf = async (tx: Tx, { accountNumber, closingFen, closingOn }: StatementRecord, answersFen: bigint): Promise<bigint | null> => {
    if (closingFen === null || closingOn === null) return null
    return closingFen - answersFen - await inquiry.balanceBefore(tx, bankAccount(accountNumber), startOf(addDays(closingOn, 1)))
  }

  const view = async (tx: Tx, statement: StatementRecord): Promise<ImportedStatement> => {
    const sums = await sumEntries(tx, statement.id)
    const lines = (...statuses: EntryRow['status'][]): number => sums.filter(({ status }) => statuses.includes(status)).reduce((total, row) => total + row.lines, 0)
    const { id, accountNumber, reference, format, openingFen, closingFen, closingOn, importedAt } = statement
    return {
      id, accountNumber: maskedNumber(accountNumber), reference: reference.replaceAll(accountNumber, maskedNumber(accountNumber)), format, openingFen, closingFen, closingOn, importedAt,
      lines: sums.reduce((total, row) => total + row.lines, 0),
      matched: lines('matched', 'answers', 'booked'),
      unmatched: lines('suspense', 'resolved'),
      differencesFen: await differenceOf(tx, statement, sums.find(({ status }) => status === 'answers')?.movedFen ?? 0n)
    }
  }

  const readingOf = ({ path, mediaType, sha256 }: Upload, { csv }: StatementSetting): Reading =>
    mediaType === 'text/csv' ? readCsv(path, sha256, csv) : readCamt053(path)

  /** @throws statement_of_another_account (422) */
  const checkAccount = ({ accountNumber: told }: StatementHead, { accountNumber }: OfficeAccount): void => {
    if (told !== undefined && told !== accountNumber) throw statementOfAnotherAccount({ account: maskedNumber(told) })
  }

  const headRecord = (tx: Tx, head: StatementHead, format: StatementRecord['format'], accountNumber: string, importedBy: Id<'per'>): StatementRecord => ({
    id: newId('bst', tx.office), accountNumber, reference: head.reference, format, openingFen: head.openingFen ?? null, closingFen: head.closingFen ?? null,
    closingOn: head.closingOn ?? null, importedBy, importedAt: clock.now()
  })

  /** The first batch and the rest: a statement says whose it is before its first line. */
  async function * withFirst (first: StatementLine[], rest: AsyncIterator<StatementLine[]>): AsyncGenerator<StatementLine[]> {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  }

  const importInto = async (tx: Tx, upload: Upload, office: OfficeAccount, importedBy: Id<'per'>): Promise<ImportedStatement> => {
    const setting = await settingOf(tx, office)
    const reading = readingOf(upload, setting)
    const lines = reading.lines[Symbol.asyncIterator]()
    const first = await lines.next()
    checkAccount(reading.head(), office)
    const format = upload.mediaType === 'text/csv' ? 'csv' : 'camt053'
    const statement = await keepStatement(tx, headRecord(tx, reading.head(), format, office.accountNumber, importedBy))

    const movedFen = await keepLines(tx, statement, withFirst(first.value as StatementLine[] | undefined ?? [], lines))
    const head = reading.head()
    checkAccount(head, office)
    checkBalanced(head, movedFen)
    const whole: StatementRecord = { ...headRecord(tx, head, format, office.accountNumber, importedBy), id: statement.id, importedBy: statement.importedBy, importedAt: statement.importedAt }
    await updateStatement(tx, whole)
    for (const [day, closingFen] of head.balances) await upsertBalance(tx, office.accountNumber, day, closingFen, statement.id)
    await decideRest(tx, whole, office, setting)

    const imported = await view(tx, whole)
    await evidence.appendFact(tx, {
      fact: 'statement-imported', subject: statement.id, occurredAt: clock.now(),
      payload: { sha256: upload.sha256, lines: imported.lines, matched: imported.matched, unmatched: imported.unmatched, closingFen: imported.closingFen, closingOn: imported.closingOn }
    })
    return imported
  }

  /**
   * Imports a statement of the office's special account. The same one again, or one that holds lines
   * imported before, adds only what is new.
   * @throws statement_unreadable, statement_of_another_account, statement_not_balanced,
   *   statement_contradicts, too_many_unmatched (422); nothing is imported then
   */
  const importStatement = async (command: Command, upload: Upload): Promise<ImportedStatement> => {
    const office = await offices.byNumber(command.caller.office ?? 0)
    const imported = await work.writeOnce(command, office.number, ImportedStatement, (tx) => importInto(tx, upload, office, command.caller.personId))
    if (imported.closingOn !== null) await onBooked(office.number, imported.closingOn)
    return imported
  }

  /** Looks for the movement that the bank's word on an order has made; what has made none is unexplained. */
  const link = (officeNumber: number, office: OfficeAccount, entryId: BankEntryId): Promise<void> => work.write(worker, officeNumber, async (tx) => {
    const row = await lockEntry(tx, entryId)
    if (row?.status !== 'answers') return
    const entry = entryOf(row)
    const [transferId] = await namedOf(tx, bankAccount(entry.accountNumber), [entry])
    if (transferId) return updateEntry(tx, entry.id, { status: 'matched', matchedBy: 'reference', reason: row.reason, transferId })
    const statement = await findStatement(tx, row.statementId)
    invariant(statement, 'a line has its statement')
    await record(tx, entry, decide(entry, await circumstancesOf(tx, entry, office, await settingOf(tx, office), false)), statement.importedBy)
  })

  outbox.on<Word>(topic, async ({ office: number, payload: { entryId, orderId, outcome, reference, bookedOn } }) => {
    const at = eventTimeOf(bookedOn, clock.now())
    if (isId('srt', orderId)) await returns.recordPaid(orderId, at)
    else if (isId('bnr', orderId) && outcome === 'paid') await bankRefunds.recordPaid(orderId, reference, at)
    else if (isId('bnr', orderId)) await bankRefunds.recordReturn(orderId, reference, returnedByStatement, at)
    else if (outcome === 'paid') await payouts.recordPaid(orderId as Id<'sti'>, reference, at)
    else await payouts.recordReturn({ key: orderId, reference, reason: returnedByStatement }, at)
    await link(number, await offices.byNumber(number), BankEntryId.parse(entryId))
    await onBooked(number, bookedOn)
  })

  /** The office's statements, newest first. */
  const list = (caller: Caller, query: PageQuery): Promise<PageOf<ImportedStatement>> =>
    work.read(actorOf(caller), caller.office ?? 0, async (tx) => {
      const { items, nextCursor } = pageOf(await listStatements(tx, positionOf(query, StatementId), query.limit + 1), query, ({ id }) => id)
      const views: ImportedStatement[] = []
      for (const item of items) views.push(await view(tx, item))
      return { items: views, nextCursor }
    })

  /** @throws not_found (404) */
  const find = (caller: Caller, id: StatementId): Promise<ImportedStatement> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const statement = await findStatement(tx, id)
      if (!statement) throw notFound({})
      return view(tx, statement)
    })

  /** The lines of a statement and what became of each, in the bank's order. @throws not_found (404) */
  const entriesOf = (caller: Caller, id: StatementId, query: EntriesQuery): Promise<PageOf<StatementEntry>> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      if (!(await findStatement(tx, id))) throw notFound({})
      const page = pageOf(await listEntries(tx, id, query.status, positionOf(query, BankEntryId), query.limit + 1), query, (row) => row.id)
      return { ...page, items: page.items.map(entryView) }
    })

  /** The bank's balance at the end of a day, as its newest statement until then has it. */
  const balanceOn = (tx: Tx, accountNumber: string, day: string) => findBalance(tx, accountNumber, day)

  /** A kept line, readable. */
  const entry = async (tx: Tx, id: BankEntryId): Promise<BankEntry> => {
    const row = await findEntry(tx, id)
    invariant(row, `no bank entry ${id}`)
    return entryOf(row)
  }

  return { importStatement, list, find, entriesOf, balanceOn, entry, entryView }
}

export type BankStatements = ReturnType<typeof createBankStatements>
