import type { Tx } from '../db/unit-of-work.js'
import { commitment, newSalt } from '../evidence/entry.js'
import type { EvidenceInput, Openings } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { Fen } from '../kernel/money.js'
import { accountName, assetKinds, isContractKind, type AccountKind, type Journal, type Line, type OwnAccount, type OwnAccountKind, type StatementLine } from './model.js'
import { balancedLines, balanceAfter } from './rules.js'
import { findBalances, insertTransfers, listEntriesOfContract, lockAccounts, sumAccountsByKind, sumCredited, sumAccountsOfMerchant, sumEntriesByKind, updateBalances, type AccountRow, type EntryInput } from './store.js'

type Dependencies = Readonly<{ clock: Clock; evidence: Evidence }>

/** Accounts with rows of their own, by name, with balances that move on as lines are entered. */
type Accounts = ReadonlyMap<string, { -readonly [Column in keyof AccountRow]: AccountRow[Column] }>

const key = ({ kind, of }: Pick<OwnAccount, 'kind' | 'of'>) => `${kind}:${of}`

/** The lines of a journal as its leaf has them; where it touches many contracts, each is a salted commitment of its own. */
const leafLines = ({ lines, contractId: only }: Journal, openings: Openings) => lines.map(({ account, side, amount, contractId }) => {
  if ('of' in account || account.contractId === only) return { account: accountName(account), side, amountFen: amount, contractId }
  const salt = newSalt()
  openings[account.contractId] = { salt, amountFen: amount.toString() }
  return { account: account.kind, side, commitment: commitment(salt, `${account.contractId}\n${amount}`) }
})

export const createLedger = ({ clock, evidence }: Dependencies) => {
  const leafOf = (transferId: Id<'trf'>, journal: Journal): EvidenceInput => {
    const openings: Openings = {}
    const lines = leafLines(journal, openings)
    return {
      fact: journal.event, subject: journal.reference, transferId,
      contractId: journal.contractId, merchantId: journal.merchantId, occurredAt: journal.occurredAt,
      payload: { ...journal.facts, transferId, lines },
      ...(Object.keys(openings).length > 0 ? { openings } : {})
    }
  }

  /** Locks the accounts with rows of their own that lines touch, in id order. */
  const lockOf = async (tx: Tx, lines: readonly Line[]): Promise<Accounts> => {
    const wanted = new Map<string, OwnAccount>()
    for (const { account } of lines) if ('of' in account) wanted.set(key(account), account)
    return new Map((await lockAccounts(tx, [...wanted.values()])).map((row) => [key(row), { ...row }]))
  }

  /** A line as it is entered; a running balance moves on by it. */
  const entryFor = ({ account, side, amount, contractId }: Line, index: number, rows: Accounts): EntryInput => {
    const common = { line: index + 1, kind: account.kind, side: side === 'debit' ? 'D' : 'C', amountFen: amount } as const
    if (!('of' in account)) return { ...common, accountId: null, contractId: account.contractId, balanceAfterFen: account.balanceAfter }
    const row = rows.get(key(account))
    invariant(row, `no account ${accountName(account)}`)
    row.balanceFen = balanceAfter(account, row.balanceFen, { account, side, amount })
    row.version += 1
    return { ...common, accountId: row.id, contractId: contractId ?? null, balanceAfterFen: row.balanceFen }
  }

  /**
   * Books events, in their order: each its transfer, its entries and its evidence leaf. Contract
   * accounts come with the balance their row has after it (the caller holds that row's lock and
   * saves it in the same transaction); the others are locked here, in id order. A journal of nothing
   * books nothing.
   * @returns the transfers' ids; undefined where no money moved
   * @throws insufficient_funds (422) when an account with a row of its own would go below zero
   */
  const postAll = async (tx: Tx, journals: readonly Journal[]): Promise<(Id<'trf'> | undefined)[]> => {
    const wanted = journals.map((journal) => {
      const lines = balancedLines(journal)
      return { id: lines.length === 0 ? undefined : newId('trf', tx.office), journal: { ...journal, lines } }
    })
    const moved = wanted.flatMap(({ id, journal }) => (id === undefined ? [] : [{ id, journal }]))
    if (moved.length > 0) {
      const rows = await lockOf(tx, moved.flatMap(({ journal: { lines } }) => lines))
      await insertTransfers(tx, moved.map(({ id, journal: { event, reference, contractId, merchantId, occurredAt, lines } }) => ({
        id, event, reference, contractId: contractId ?? null, merchantId: merchantId ?? null, occurredAt,
        entries: lines.map((line, i) => entryFor(line, i, rows))
      })), clock.now())
      await updateBalances(tx, [...rows.values()])
      await evidence.appendAll(tx, moved.map(({ id, journal }) => leafOf(id, journal)))
    }
    return wanted.map(({ id }) => id)
  }

  /** Books one event, as `postAll` does. @throws insufficient_funds (422) */
  const post = async (tx: Tx, journal: Journal): Promise<Id<'trf'> | undefined> => (await postAll(tx, [journal]))[0]

  /** Locks accounts with rows of their own and tells their balances, before a rule decides. */
  const lockBalances = async (tx: Tx, accounts: readonly OwnAccount[]): Promise<Map<string, Fen>> =>
    new Map((await lockAccounts(tx, accounts)).map((row) => [key(row), row.balanceFen]))

  /** A balance now; 0 for an account nothing was ever booked on. */
  const balanceOf = async (tx: Tx, account: OwnAccount): Promise<Fen> => (await findBalances(tx, [account]))[0]?.balanceFen ?? 0n

  /** Every ledger line of a contract, oldest first, with the running held balance. */
  const statementOf = async (tx: Tx, contractId: Id<'ctr'>): Promise<StatementLine[]> => {
    const rows = await listEntriesOfContract(tx, contractId)
    let held = 0n
    return rows.map(({ entry, transfer, of }) => {
      if (entry.kind === 'held') held = entry.balanceAfterFen
      return {
        transferId: transfer.id,
        event: transfer.event,
        reference: transfer.reference,
        account: isContractKind(entry.kind) ? `${entry.kind}:${contractId}` : `${entry.kind}:${of ?? ''}`,
        side: entry.side === 'D' ? 'debit' : 'credit',
        amountFen: entry.amountFen,
        balanceAfterFen: entry.balanceAfterFen,
        heldAfterFen: held,
        occurredAt: transfer.occurredAt,
        bookedAt: transfer.bookedAt
      }
    })
  }

  /** Totals of every kind of account at a moment, from entries; `balanceFen` in the kind's own direction. */
  const totalsAt = async (tx: Tx, at: Date) =>
    (await sumEntriesByKind(tx, at)).map(({ kind, debitFen, creditFen }) => ({
      kind,
      debitFen,
      creditFen,
      balanceFen: assetKinds.has(kind) ? debitFen - creditFen : creditFen - debitFen
    }))

  /** Totals now of the accounts with rows of their own, from their balances. */
  const ownTotals = async (tx: Tx): Promise<Map<AccountKind, Fen>> =>
    new Map((await sumAccountsByKind(tx)).map(({ kind, balanceFen }) => [kind, balanceFen]))

  /** Totals now of a merchant's accounts of these kinds. */
  const totalsOfMerchant = async (tx: Tx, merchantId: Id<'mer'>, kinds: readonly OwnAccountKind[]): Promise<Map<AccountKind, Fen>> =>
    new Map((await sumAccountsOfMerchant(tx, merchantId, kinds)).map(({ kind, balanceFen }) => [kind, balanceFen]))

  return { post, postAll, lockBalances, balanceOf, statementOf, totalsAt, ownTotals, totalsOfMerchant, creditedBy: sumCredited }
}

export type Ledger = ReturnType<typeof createLedger>
