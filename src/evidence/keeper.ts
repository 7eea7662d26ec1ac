import type { UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import type { Id } from '../kernel/id.js'
import type { Vault } from '../kernel/vault.js'
import { createAnchorer, type Anchor } from './anchors.js'
import { createEvidenceLog } from './log.js'
import { createLogReader } from './reader.js'
import { createRounds } from './rounds.js'
import { createSequencer } from './sequencer.js'
import { createLocalTsa, createTimestamper, type Tsa } from './timestamps.js'
import type { WitnessKeys } from './witness-keys.js'
import { createWitnesses } from './witnesses.js'

type Office = Readonly<{ id: Id<'off'>; number: number; name: string; origin: string }>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Readonly<{
    list: () => Promise<readonly Office[]>
    numbers: () => Promise<readonly number[]>
    findByNumber: (number: number) => Promise<Office | undefined>
    resolve: (named: Id<'off'> | undefined, caller: Caller | undefined) => Promise<Office>
  }>
  /** undefined: each office's own authority */
  remoteTsa: Tsa | undefined
  /** laid around the authority, whichever it is */
  reachTsa?: ((tsa: Tsa) => Tsa) | undefined
  anchor: Anchor | undefined
  /** whose cosignatures are kept */
  witnesses: WitnessKeys
  onFailure: (step: string, error: unknown) => void
}>

/** How soon after its commit an entry has its place, at most, if the database keeps up. */
const sequencePauseMs = 500
const searchPauseMs = 60_000
const outsidePauseMs = 1_000

/** How long which office is meant is remembered, so that a proof does not ask for it each time; a second office shows that much later. */
const officeAgeMaxMs = 200

const remembering = (resolve: Dependencies['offices']['resolve']) => {
  const known = new Map<string, Readonly<{ number: number; foundAt: number }>>()
  return async (named: Id<'off'> | undefined, caller: Caller | undefined): Promise<number> => {
    const name = named ?? String(caller?.office)
    const found = known.get(name)
    if (found && performance.now() - found.foundAt < officeAgeMaxMs) return found.number
    const { number } = await resolve(named, caller)
    known.set(name, { number, foundAt: performance.now() })
    return number
  }
}

/** Keeps the evidence logs: gives entries their places, time-stamps and anchors checkpoints, and shows all of it. */
export const createEvidenceKeeper = ({ work, clock, vault, offices, remoteTsa, reachTsa = (tsa) => tsa, anchor, witnesses, onFailure }: Dependencies) => {
  const officeOf = (number: number) => offices.findByNumber(number)
  const reader = createLogReader({ work })
  const sequencer = createSequencer({ work, clock, vault, onGrown: reader.forget, originOf: async (office) => (await officeOf(office))?.origin })
  const local = createLocalTsa({ work, clock, vault, nameOf: async (office) => (await officeOf(office))?.name ?? '' })
  const timestamper = createTimestamper({ work, clock, tsa: reachTsa(remoteTsa ?? local.tsa) })
  const anchorer = anchor && createAnchorer({ work, clock, anchor })
  const failing = (step: string) => (error: unknown) => { onFailure(step, error) }

  const log = createEvidenceLog({
    work, sequencer, reader, listOffices: offices.list, witnesses: createWitnesses({ work, clock, witnesses }),
    resolveOffice: remembering(offices.resolve),
    // A receipt is good without a time-stamp; it is better with one, where there is no need to wait for others.
    stamp: async (office) => { if (!remoteTsa) await timestamper.run(office).catch(failing('timestamps')) },
    certificatesOf: async (office, authority) => await local.certificatesOf(office, authority) ?? (remoteTsa && await remoteTsa.trustedFor(office))
  })

  const rounds = [
    createRounds({ pauseMs: sequencePauseMs, offices: offices.numbers, run: sequencer.run, onFailure: failing('sequencer') }),
    createRounds({ pauseMs: searchPauseMs, offices: offices.numbers, run: sequencer.search, onFailure: failing('sequencer') }),
    createRounds({ pauseMs: outsidePauseMs, offices: offices.numbers, run: timestamper.run, onFailure: failing('timestamps') }),
    ...(anchorer ? [createRounds({ pauseMs: outsidePauseMs, offices: offices.numbers, run: anchorer.run, onFailure: failing('anchors') })] : [])
  ]

  return {
    log,
    /** An RFC 3161 token over some bytes, such as a seal's signature. */
    tokenOver: async (office: number, data: Buffer): Promise<Buffer> => (await timestamper.tokenOver(office, data)).token,
    /** When it ends, all that was committed before has its place in an office's log. */
    catchUp: sequencer.catchUp,
    start: (): void => { for (const round of rounds) round.start() },
    stop: async (): Promise<void> => { await Promise.all(rounds.map((round) => round.stop())) },
    /** One round of everything: what tests use in place of the ticking rounds. */
    runOnce: async (): Promise<void> => { for (const round of rounds) await round.once() }
  }
}

export type EvidenceKeeper = ReturnType<typeof createEvidenceKeeper>
