import { addDays, after, startOf } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import type { ChannelLine, ClosingRecord, OwedLeaf, ProposeClose, SumNode } from './model.js'
import { dayNotOver, differenceUnexplained } from './problems.js'

/*
 * A day is closed by two people once it is over. What is booked carries the time it is booked at,
 * never an earlier one, so a day that is over gets no entries any more, but from transactions that
 * began on it. Where the bank's balance, or a channel's report of the day, is not what the books say,
 * the first person gives a reason. Closing waits until none of them is left, so nothing on the way of a redemption needs
 * to lock or look at the day: what happened on a closed day and is booked later lies on the day it is
 * booked on, with the time it happened at beside it.
 */

/** Clocks of several processes may differ by less than this. */
const graceMs = 600_000

/** The instant at which a day has ended. */
export const endOf = (day: string): Date => startOf(addDays(day, 1))

type Occasion = Readonly<{ makerId: Id<'per'>; now: Date; snapshot: string; differenceFen: bigint; channels: readonly ChannelLine[] }>

/** @throws wrong_state (409), day_not_over, difference_unexplained (422) */
export const proposedClose = (day: string, before: ClosingRecord | undefined, { reason }: ProposeClose, { makerId, now, snapshot, differenceFen, channels }: Occasion): ClosingRecord => {
  if (before?.status === 'closed') throw wrongState({ state: 'closed', allowed: ['open', 'proposed'] })
  const from = after(endOf(day), graceMs)
  if (now < from) throw dayNotOver({ from })
  const differing = channels.flatMap(({ channel, report }) => (report && (report.differenceFen !== 0n || report.unmatched > 0) ? [{ channel, differenceFen: report.differenceFen, unmatched: report.unmatched }] : []))
  if ((differenceFen !== 0n || differing.length > 0) && reason === undefined) throw differenceUnexplained({ differenceFen, channels: differing })
  return {
    day, status: 'proposed', makerId, checkerId: null, reason: reason ?? null, proposedAt: now, snapshot, closedAt: null,
    entries: null, movedFen: null, liabilityRoot: null, liabilityTotalFen: null
  }
}

/** @throws wrong_state (409), same_person (403) */
export const checkCloser = (closing: ClosingRecord | undefined, personId: Id<'per'>): ClosingRecord => {
  if (closing?.status !== 'proposed') throw wrongState({ state: closing?.status ?? 'open', allowed: ['proposed'] })
  if (closing.makerId === personId) throw samePerson({})
  return closing
}

/*
 * The Merkle sum tree of what is owed. A leaf commits to whose balance it is by a random nonce; a
 * node to its children's hashes and sums, so its sum is proven with it. Whoever finds her own balance
 * under the root knows that it is part of the total, and sees of others only sums without names.
 */

type Hash = (...parts: readonly Buffer[]) => Buffer

const eightBytes = (fen: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(fen)
  return bytes
}

export const leafNode = (hash: Hash, { owner, nonce, balanceFen }: OwedLeaf): SumNode =>
  ({ hash: hash(Buffer.from([0]), nonce, Buffer.from(owner), eightBytes(balanceFen)), sumFen: balanceFen })

export const parentNode = (hash: Hash, left: SumNode, right: SumNode): SumNode => ({
  hash: hash(Buffer.from([1]), left.hash, eightBytes(left.sumFen), right.hash, eightBytes(right.sumFen)),
  sumFen: left.sumFen + right.sumFen
})

/** The tree's levels, leaves first, root last; a node without a sibling rises as it is. */
export const sumTree = (hash: Hash, leaves: readonly SumNode[]): SumNode[][] => {
  const levels: SumNode[][] = [[...leaves]]
  for (let level = levels[0] as SumNode[]; level.length > 1; level = levels.at(-1) as SumNode[]) {
    const next: SumNode[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as SumNode, level[i + 1]]
      next.push(right ? parentNode(hash, left, right) : left)
    }
    levels.push(next)
  }
  return levels
}

/** Where the siblings of a leaf's path are, from the leaf up. */
export const pathOf = (position: number, leafCount: number): { level: number; at: number; side: 'left' | 'right' }[] => {
  const path: { level: number; at: number; side: 'left' | 'right' }[] = []
  for (let level = 0, at = position, width = leafCount; width > 1; level++, at = at >> 1, width = (width + 1) >> 1) {
    const sibling = at ^ 1
    if (sibling < width) path.push({ level, at: sibling, side: sibling < at ? 'left' : 'right' })
  }
  return path
}
