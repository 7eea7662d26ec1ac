import { anyone, worker, type UnitOfWork } from '../db/unit-of-work.js'
import { after, hourMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { findCheckpoint, findCosignedCheckpoint, findNewestAnchor, insertAnchor } from './store.js'

/*
 * Checkpoints written where the office cannot take them back. Which one is next is read from the
 * tables; a crash between writing and remembering writes the same bytes once more, which harms
 * nothing.
 */

/** Somewhere outside that keeps what is written to it. */
export type Anchor = Readonly<{
  /** such as `eip155:1` (CAIP-2) */
  chain: string
  /** Writes a checkpoint's signed note. @returns under which reference it is found */
  write: (note: string) => Promise<string>
}>

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; anchor: Anchor }>

/** How far apart anchors lie at least. */
const pauseMs = hourMs

export const createAnchorer = ({ work, clock, anchor }: Dependencies) => {
  /** Anchors the office's newest checkpoint, of those that a witness cosigned if there are any new ones, unless the log has not grown since, or the last anchor is too new. */
  const run = async (office: number): Promise<void> => {
    const [newest, cosigned, last] = await work.read(anyone, office, async (tx) => [await findCheckpoint(tx), await findCosignedCheckpoint(tx), await findNewestAnchor(tx, anchor.chain)] as const)
    const checkpoint = cosigned && cosigned.treeSize > (last?.treeSize ?? 0) ? cosigned : newest
    if (!checkpoint || checkpoint.treeSize === (last?.treeSize ?? 0) || (last && clock.now() < after(last.anchoredAt, pauseMs))) return
    const reference = await anchor.write(checkpoint.note)
    await work.write(worker, office, (tx) => insertAnchor(tx, { treeSize: checkpoint.treeSize, chain: anchor.chain, reference, anchoredAt: clock.now() }))
  }

  return { run }
}
