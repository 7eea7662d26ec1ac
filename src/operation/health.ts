import { kept } from './kept.js'

/*
 * Whether this process may have traffic. Each check looks at the thing itself, within two seconds,
 * and keeps what it found for a moment, so that a flood of probes is no load. An answer names the
 * checks and says nothing of what is behind them; the log does, when a check turns.
 */

export type CheckName = 'database' | 'migrations' | 'jobs' | 'sequencer' | 'storage'
export type CheckState = 'ok' | 'failing'

export type Readiness = Readonly<{
  status: 'starting' | 'ready' | 'not_ready' | 'stopping'
  checks: Readonly<Partial<Record<CheckName, CheckState>>>
}>

/** @throws why it is not well */
export type Check = Readonly<{ name: CheckName; keptMs: number; look: () => Promise<void> }>

type Dependencies = Readonly<{
  checks: readonly Check[]
  onTurn: (name: CheckName, state: CheckState, error: unknown) => void
  limitMs?: number
}>

const usualLimitMs = 2_000

export const createHealth = ({ checks, onTurn, limitMs = usualLimitMs }: Dependencies) => {
  let phase: 'starting' | 'serving' | 'stopping' = 'starting'
  const states = new Map<CheckName, CheckState>()
  const looks = checks.map(({ name, keptMs, look }) => ({ name, look: kept({ keptMs, limitMs }, look) }))

  const note = (name: CheckName, state: CheckState, error: unknown): void => {
    if ((states.get(name) ?? 'ok') !== state) onTurn(name, state, error)
    states.set(name, state)
  }

  /** Looks at everything; at what was looked at just now, not again. */
  const look = async (): Promise<void> => {
    await Promise.all(looks.map(({ name, look: see }) => see().then(() => { note(name, 'ok', undefined) }, (error: unknown) => { note(name, 'failing', error) })))
  }

  return {
    readiness: async (): Promise<Readiness> => {
      if (phase !== 'serving') return { status: phase, checks: {} }
      await look()
      const found = Object.fromEntries(checks.map(({ name }) => [name, states.get(name) ?? 'failing']))
      return { status: Object.values(found).every((state) => state === 'ok') ? 'ready' : 'not_ready', checks: found }
    },
    serve: (): void => { phase = 'serving' },
    stop: (): void => { phase = 'stopping' }
  }
}

export type Health = ReturnType<typeof createHealth>
