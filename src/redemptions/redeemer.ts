import { hash } from 'node:crypto'
import { z } from 'zod'
import type { ContractId } from '../contracts/model.js'
import { databaseError, type Client, type Pool } from '../db/client.js'
import { asRefusal, beginStatement, keyHashOf } from '../db/unit-of-work.js'
import { entryOf } from '../evidence/entry.js'
import { createBatcher, type Outcome } from '../kernel/batcher.js'
import { after, dateOf } from '../kernel/calendar.js'
import type { Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import { Problem } from '../kernel/problem.js'
import { idempotencyKeyReused } from '../kernel/problems.js'
import { traced, tracedAnew, type Span, type Tracing } from '../kernel/tracing.js'
import { storedAs } from '../kernel/wire.js'
import { accountName } from '../ledger/model.js'
import type { MerchantId, VenueId } from '../merchants/model.js'
import { codesUsedUp, countWrongShortCodes, findAnswers, findVenues, findWrongShortCodes, lockByCodes, lockByShortCodes, recordBatch, scheduleRemainders, type Decided, type FoundCode } from './batch-store.js'
import { RedeemAnswer, type CheckInCode, type ContractAtDoor, type Redeem, type Release } from './model.js'
import { unitsReleased } from './postings.js'
import { codeInvalid, tooManyWrongCodes } from './problems.js'
import { redeem } from './rules.js'

/*
 * Load, decide, record, for many callers in one transaction: one query finds the codes and locks
 * their contracts, the same pure rule decides each request, one statement writes them all, one
 * commit makes them durable, and each caller gets its own answer. A request that is refused drops
 * out with its own problem and never fails its neighbours.
 *
 * A batch runs as ticun_redeemer, which may touch only what a redemption touches, in one office;
 * whose code it is, the rule checks.
 */

type Item = Readonly<{ command: Command; merchantId: MerchantId; redeem: Redeem; codeHash: string; keyHash: string; span: Span | undefined }>
type Answer = z.output<typeof RedeemAnswer>

type Dependencies = Readonly<{
  /** of its own, so that a batch never waits behind other requests */
  pool: Pool
  clock: Clock
  onBatch?: (size: number) => void
  /** How long a batch took, from its first statement until it was durable, and its commit alone: seconds. */
  onBooked?: (seconds: number, commitSeconds: number) => void
  tracing?: Tracing | undefined
}>

const batchMax = 128
const queueMax = 8_192
/** While the database works on one batch, this process decides the other. */
const batchesInFlight = 2
const attemptsMax = 6
/** serialization failure, deadlock, a key or code that another process was faster with */
const retried = new Set(['40001', '40P01', '23505', codesUsedUp])
const shortCode = /^\d{8}$/
const wrongShortCodesMax = 10
const wrongShortCodesWindowMs = 60_000

/**
 * Statements sent one behind the other without waiting for the answers between. All have ended
 * when this ends, so that the connection is free again. @throws what the first of them failed with
 */
const together = async <const Results extends readonly Promise<unknown>[]>(statements: Results): Promise<{ -readonly [I in keyof Results]: Awaited<Results[I]> }> => {
  await Promise.allSettled(statements)
  return Promise.all(statements) as never
}

/** SHA-256, hex. */
export const codeHashOf = (code: string): string => hash('sha256', code)

type Loaded = Readonly<{
  office: number
  now: Date
  date: string
  found: ReadonlyMap<string, FoundCode>
  foundShort: readonly FoundCode[]
  venues: ReadonlyMap<VenueId, MerchantId>
  stored: ReadonlyMap<string, { requestHash: Buffer; answer: string }>
  wrongCodes: Map<MerchantId, number>
}>

/** What a batch has decided so far: contracts as they will be, codes and keys as they will be used. */
type State = { contracts: Map<ContractId, ContractAtDoor>; changed: Set<ContractId>; used: Set<string>; keys: Set<string>; decided: Decided[]; missed: MerchantId[] }

/** The code a request shows. A short one works only at its merchant; two that are alike there are nobody's. */
const codeOf = ({ redeem: { code }, codeHash, merchantId }: Item, { found, foundShort, wrongCodes }: Loaded): CheckInCode | undefined => {
  if (!shortCode.test(code)) return found.get(codeHash)?.code
  if ((wrongCodes.get(merchantId) ?? 0) >= wrongShortCodesMax) throw tooManyWrongCodes({ retryAfterSeconds: wrongShortCodesWindowMs / 1000 })
  const here = foundShort.filter((candidate) => candidate.shortCode === code && candidate.code.merchantId === merchantId)
  const unused = here.filter((candidate) => candidate.code.usedAt === null)
  return unused.length > 1 ? undefined : (unused[0] ?? here[0])?.code
}

const evidenceOf = (office: number, contract: ContractAtDoor, release: Release, transferId: Decided['transferId']) => {
  const id = newId('evd', office)
  const journal = unitsReleased(contract, release)
  const lines = journal.lines.filter(({ amount }) => amount > 0n).map(({ account, side, amount }) => ({ account: accountName(account), amountFen: amount, side }))
  const fact = transferId === undefined ? 'session-recorded' : journal.event
  return {
    evidenceId: id, fact,
    entry: entryOf(office, id, {
      fact, subject: release.id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: release.createdAt,
      payload: { ...journal.facts, transferId, lines }
    })
  }
}

const answerOf = (release: Release): Answer => ({
  id: release.id,
  contractId: release.contractId,
  status: release.state,
  releasedFen: release.amountFen,
  sessionsLeft: release.unitsLeft === null ? null : Number(release.unitsLeft),
  objectionUntil: release.dueAt
})

const decideNew = (item: Item, loaded: Loaded, state: State): Answer => {
  const { office, now, date, venues } = loaded
  const known = codeOf(item, loaded)
  const code = known && state.used.has(known.codeHash) ? { ...known, usedAt: now } : known
  const { contract, release } = redeem(item.redeem, {
    code, contract: code && state.contracts.get(code.contractId), merchantId: item.merchantId,
    venueMerchantId: venues.get(item.redeem.venueId), id: newId('red', office), cashierId: item.command.caller.personId, date, now
  })
  const { codeHash } = code as CheckInCode
  const transferId = release.amountFen > 0n ? newId('trf', office) : undefined
  const answer = answerOf(release)
  const answerText = JSON.stringify(z.encode(RedeemAnswer, answer))
  state.contracts.set(contract.id, contract)
  state.changed.add(contract.id)
  state.used.add(codeHash)
  state.decided.push({
    release, codeHash, keyHash: item.keyHash, requestHash: item.command.requestHash,
    answer: answerText, transferId, heldAfter: contract.heldFen,
    pendingAfter: contract.pendingFen, ...evidenceOf(office, contract, release, transferId)
  })
  return storedAs(answer, answerText)
}

const decide = (item: Item, loaded: Loaded, state: State): Outcome<Answer> => {
  const stored = loaded.stored.get(item.keyHash)
  if (stored) {
    if (!stored.requestHash.equals(item.command.requestHash)) return { refusal: idempotencyKeyReused({}) }
    item.command.markReplayed()
    return { answer: z.decode(RedeemAnswer, JSON.parse(stored.answer)) }
  }
  // The same key twice in one batch: the second is answered, or decided, once the first is.
  if (state.keys.has(item.keyHash)) return { again: true }
  state.keys.add(item.keyHash)
  try {
    return { answer: decideNew(item, loaded, state) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === codeInvalid.code && shortCode.test(item.redeem.code)) state.missed.push(item.merchantId)
    return { refusal: error }
  }
}

const secondsSince = (begun: number): number => (performance.now() - begun) / 1000

export const createRedeemer = ({ pool, clock, onBatch, onBooked, tracing }: Dependencies) => {
  /** Which merchant a venue belongs to never changes, so what was once read is good for ever. */
  const venues = new Map<VenueId, MerchantId>()

  const loadVenues = async (client: Client, office: number, items: readonly Item[]): Promise<void> => {
    const unknown = [...new Set(items.map(({ redeem: { venueId } }) => venueId))].filter((id) => !venues.has(id))
    if (unknown.length > 0) for (const [id, merchantId] of await findVenues(client, office, unknown)) venues.set(id, merchantId)
  }

  const load = async (client: Client, office: number, items: readonly Item[]): Promise<Loaded> => {
    const long = [...new Set(items.filter(({ redeem: { code } }) => !shortCode.test(code)).map(({ codeHash }) => codeHash))]
    const short = [...new Set(items.map(({ redeem: { code } }) => code).filter((code) => shortCode.test(code)))]
    const before = clock.now()
    const windowStart = after(before, -wrongShortCodesWindowMs)
    const merchants = short.length > 0 ? [...new Set(items.map(({ merchantId }) => merchantId))] : []
    const [found, foundShort, wrongCodes, stored] = await together([
      lockByCodes(client, office, long),
      lockByShortCodes(client, office, short, windowStart),
      findWrongShortCodes(client, office, merchants, windowStart),
      findAnswers(client, office, items.map(({ keyHash }) => keyHash)),
      loadVenues(client, office, items)
    ])
    // The time is taken under the locks, so that a contract's history is in the order of its clock.
    const now = clock.now()
    return {
      office, now, date: dateOf(now), venues, wrongCodes, foundShort,
      found: new Map(found.map((item) => [item.code.codeHash, item])),
      stored: new Map(stored.map(({ keyHash, ...rest }) => [keyHash, rest]))
    }
  }

  /** Watches the commit, from the answer to the last statement before it. */
  const watchCommit = async (begun: number, recorded: Promise<unknown>, committed: Promise<unknown>): Promise<void> => {
    await recorded
    const recordedAt = performance.now()
    await traced(tracing, 'commit', {}, () => committed)
    onBooked?.(secondsSince(begun), secondsSince(recordedAt))
  }

  const transact = async (client: Client, office: number, items: readonly Item[]): Promise<Outcome<Answer>[]> => {
    const begun = performance.now()
    const loaded = await load(client, office, items)
    const state: State = {
      contracts: new Map([...loaded.found.values(), ...loaded.foundShort].map(({ contract }) => [contract.id, contract])),
      changed: new Set(), used: new Set(), keys: new Set(), decided: [], missed: []
    }
    const outcomes = items.map((item) => decide(item, loaded, state))
    const changed = [...state.changed].map((id) => state.contracts.get(id) as ContractAtDoor)
    const leftOver = changed.filter(({ status, heldFen }) => status === 'completed' && heldFen > 0n)
    const recorded = together([
      recordBatch(client, office, state.decided, changed, loaded.now),
      scheduleRemainders(client, office, leftOver, loaded.now),
      countWrongShortCodes(client, office, state.missed, loaded.now, after(loaded.now, -wrongShortCodesWindowMs))
    ])
    // Behind a statement that failed, this rolls back.
    const committed = client.query('commit')
    await together([recorded, committed, watchCommit(begun, recorded, committed)])
    return outcomes
  }

  const attempt = async (office: number, items: readonly Item[]): Promise<Outcome<Answer>[]> => {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      const [, outcomes] = await together([client.query(beginStatement({ role: 'redeemer' }, office)), transact(client, office, items)])
      return outcomes
    } catch (error) {
      await client.query('rollback').catch((rollbackError: Error) => { broken = rollbackError })
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** A batch is part of the trace of its first request, and led to by the others. */
  const attemptTraced = (office: number, items: readonly Item[]): Promise<Outcome<Answer>[]> => {
    const [parent, ...links] = items.flatMap(({ span }) => span ?? [])
    return tracedAnew(parent && tracing, 'redemption batch', { parent, links, attributes: { 'ticun.office': office, 'ticun.batch.size': items.length } }, () => attempt(office, items))
  }

  const run = async (office: number, items: readonly Item[]): Promise<readonly Outcome<Answer>[]> => {
    for (let attempts = 1; ; attempts++) {
      try {
        return await attemptTraced(office, items)
      } catch (error) {
        const raced = retried.has(databaseError(error)?.code ?? '')
        if (raced && attempts < attemptsMax) continue
        const refusal = asRefusal(error)
        if (refusal instanceof Problem || items.length === 1) return items.map(() => ({ refusal }))
        // One item that the database cannot take must not fail its neighbours.
        const outcomes: Outcome<Answer>[] = []
        for (const item of items) outcomes.push(...await run(office, [item]))
        return outcomes
      }
    }
  }

  // A batch has codes of one kind, found by one statement that locks their contracts in the order of
  // their ids: two batches side by side may wait for one another, but never in a circle.
  const lanes = new Map<string, ReturnType<typeof createBatcher<Item, Answer>>>()

  const laneOf = (office: number, { code }: Redeem) => {
    const name = `${office} ${shortCode.test(code)}`
    const lane = lanes.get(name) ?? createBatcher<Item, Answer>({ batchMax, queueMax, lanes: batchesInFlight, run: (items) => run(office, items), ...(onBatch ? { onBatch } : {}) })
    lanes.set(name, lane)
    return lane
  }

  return {
    /** Redeems a code, in the batch that forms next. @throws the refusals of the rule, unavailable (503) when too many wait */
    submit: (office: number, command: Command, merchantId: MerchantId, request: Redeem): Promise<Answer> => {
      const hashes = { codeHash: codeHashOf(request.code), keyHash: keyHashOf(command).toString('hex') }
      return traced(tracing, 'redemption', { 'ticun.office': office }, () =>
        laneOf(office, request).submit({ command, merchantId, redeem: request, ...hashes, span: tracing?.active() }))
    },
    /** How many wait for a batch. */
    waiting: (): number => [...lanes.values()].reduce((sum, lane) => sum + lane.waiting(), 0),
    /** Waits for the batches under way. */
    drain: async (): Promise<void> => { for (const lane of lanes.values()) await lane.idle() }
  }
}

export type Redeemer = ReturnType<typeof createRedeemer>
