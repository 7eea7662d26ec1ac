import { isDeepStrictEqual } from 'node:util'
import { checkConsistency } from '../src/verify/merkle.js'
import { openCheckpoint, verifierKeyOf, type Checkpoint } from '../src/verify/note.js'
import { compare, takeNote } from './compare.js'
import type { Play } from './play.js'
import { takeSnapshot, type Snapshot } from './snapshot.js'

/** What must be true after every storm. */

export type Witness = { last: Checkpoint | undefined }

const get = async ({ client }: Play, path: string, token?: string): Promise<any> => {
  const answered = await client.ask(0, { method: 'GET', path, token, timeoutMs: 120_000 }, 20)
  if (answered?.reply.status !== 200) throw new Error(`GET ${path}: ${JSON.stringify(answered?.reply)}`)
  return answered.reply.body
}

/** The service's own checks of its books. @returns how many there are, and what they found */
const checkInvariants = async (play: Play): Promise<{ count: number; wrongs: string[] }> => {
  const { checks } = await get(play, '/sandbox/invariants')
  return { count: checks.length, wrongs: checks.filter(({ ok }: any) => !ok).map(({ name, violations }: any) => `invariant ${name}: ${JSON.stringify(violations.slice(0, 3))}`) }
}

const checkTrialBalance = async (play: Play, { ledger, contracts }: Snapshot): Promise<string[]> => {
  const { accounts, debitFen, creditFen } = await get(play, '/audit/trial-balance', play.cast.bureau.token)
  const ofContracts = (of: 'held' | 'disputed' | 'pending') => contracts.reduce((sum, row) => sum + row[of], 0)
  const expected: Record<string, number> = { ...ledger, held: ofContracts('held'), disputed: ofContracts('disputed'), pending: ofContracts('pending') }
  return [
    ...(debitFen === creditFen ? [] : [`the trial balance's debits are ${debitFen} fen, its credits ${creditFen}`]),
    ...accounts.filter(({ account, balanceFen }: any) => (expected[account] ?? 0) !== balanceFen)
      .map(({ account, balanceFen }: any) => `the trial balance says ${account} ${balanceFen} fen, its accounts ${expected[account]}`)
  ]
}

/** The evidence log as an outsider keeps it: signed, and an extension of what was seen before. */
const checkEvidence = async (play: Play, witness: Witness): Promise<string[]> => {
  try {
    const key = verifierKeyOf((await get(play, '/evidence/key')).trim())
    const checkpoint = openCheckpoint(await get(play, '/evidence/checkpoint'), key)
    const { last } = witness
    if (last && last.size > 0 && checkpoint.size > last.size) {
      const { hashes } = await get(play, `/evidence/proofs/consistency?from=${last.size}&to=${checkpoint.size}`)
      checkConsistency(checkpoint.hash, last.size, last.root, checkpoint.size, checkpoint.root, hashes.map((hash: string) => Buffer.from(hash, 'base64')))
    } else if (last) checkConsistency(checkpoint.hash, last.size, last.root, checkpoint.size, checkpoint.root, [])
    witness.last = checkpoint
    return []
  } catch (error) {
    return [`the evidence log is not what it was: ${String(error)}`]
  }
}

const askedAgain = 12

/** Requests of any earlier time, sent once more: the same answer, marked as a replay. */
const checkReplays = async (play: Play): Promise<string[]> => {
  const { kept, tally, client } = play
  const some = Array.from({ length: Math.min(askedAgain, kept.length) }, (_, i) => kept[(tally.acts + i * 31) % kept.length] as Play['kept'][number])
  const wrongs = await Promise.all(some.map(async ({ job, reply }, i) => {
    const again = await client.ask(i, job.call, 20)
    const isSame = again?.reply.isReplay === true && again.reply.status === reply.status && isDeepStrictEqual(again.reply.body, reply.body)
    return isSame ? [] : [`${job.call.path} was answered ${JSON.stringify(reply)}, and under the same key later ${JSON.stringify(again?.reply)}`]
  }))
  return wrongs.flat()
}

export type Checked = Readonly<{ invariants: number; replays: number; wrongs: readonly string[] }>

/** Everything that is wrong after a storm, its calm included. */
export const checkAll = async (play: Play, witness: Witness): Promise<Checked> => {
  const replays = await checkReplays(play)
  const { count, wrongs } = await checkInvariants(play)
  const { postgres, database, faults } = play.world
  const snapshot = await postgres.asOwner(database, takeSnapshot)
  const found = [
    ...play.wrongs.splice(0), ...faults.splice(0), ...replays, ...wrongs, ...compare(play.model, play.cast, snapshot),
    ...await checkTrialBalance(play, snapshot), ...await checkEvidence(play, witness)
  ]
  takeNote(play.model, snapshot)
  play.notifications.splice(0, Infinity, ...snapshot.transactions.slice(-200).flatMap(({ id, order, amount, at }) => [
    { body: JSON.stringify({ kind: 'payment', orderId: order, transactionId: id, outcome: 'success', amountFen: amount, paidAt: at.toISOString() }) },
    { body: JSON.stringify({ kind: 'settlement', settlementId: `set-${id}`, office: 1, grossFen: amount, feeFen: 0, valueDate: at.toISOString(), transactionIds: [id] }) }
  ]))
  return { invariants: count, replays: Math.min(askedAgain, play.kept.length), wrongs: found }
}
