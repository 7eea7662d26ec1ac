import { actorOf, anyone, worker, type Actor, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { ConsistencyProof, ConsistencyQuery, CosignatureAnswer, InclusionProof, InclusionQuery, LogEntry, Receipt } from './model.js'
import { beyondLog } from './problems.js'
import type { LogHead, LogReader } from './reader.js'
import type { Sequencer } from './sequencer.js'
import { findCheckpoint, findEntry, findFirstPlace, findTimestamp, findTimestampOver, listAnchors, listCosignatures, listEntriesAbout, type SeenEntry } from './store.js'
import type { Witnesses } from './witnesses.js'
import { consistencyRanges, hashLength, inclusionRanges, tileWidth } from './tree.js'

/*
 * What the log shows: to everyone its checkpoints, hashes and proofs; the entries to whoever may
 * see what they are about.
 */

type OfOffice = Readonly<{ officeId?: `off_${string}` | undefined }>

type Dependencies = Readonly<{
  work: UnitOfWork
  sequencer: Sequencer
  reader: LogReader
  witnesses: Witnesses
  /** The number of the office named, else of the caller's, else of the only one. */
  resolveOffice: (named: OfOffice['officeId'], caller: Caller | undefined) => Promise<number>
  /** Sees to it that what can be time-stamped is. */
  stamp: (office: number) => Promise<void>
  /** The certificates that vouch for a time-stamping authority, PEM, if they are known. */
  certificatesOf: (office: number, authority: string) => Promise<string | undefined>
  listOffices: () => Promise<readonly Readonly<{ id: LogEntry['officeId']; number: number; name: string }>[]>
}>

/** How many entries a part of a receipt has at most. */
const partMax = 1_000

const text = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'))

export const createEvidenceLog = ({ work, sequencer, reader, witnesses, resolveOffice, stamp, certificatesOf, listOffices }: Dependencies) => {
  /** An office's log at its newest checkpoint, or at one of a size at least; one that has none yet is opened. */
  const headOf = async (office: number, sizeMin = 0): Promise<LogHead> => {
    const found = await reader.head(office, sizeMin)
    if (found) return found
    await sequencer.catchUp(office)
    const head = await reader.head(office)
    invariant(head, `office ${office} has no log`)
    return head
  }

  /** The newest checkpoint: a signed note. */
  const checkpoint = async ({ officeId }: OfOffice, caller?: Caller): Promise<string> =>
    (await headOf(await resolveOffice(officeId, caller))).checkpoint.note

  /** The key that checkpoints are signed with, as `name+hash+base64`. */
  const key = async ({ officeId }: OfOffice, caller?: Caller): Promise<string> =>
    `${(await headOf(await resolveOffice(officeId, caller))).log.verifierKey}\n`

  /** @throws beyond_log (422) */
  const inclusion = async ({ officeId, leafIndex, treeSize: wanted }: InclusionQuery, caller?: Caller): Promise<InclusionProof> => {
    const office = await resolveOffice(officeId, caller)
    const head = await headOf(office, Math.max(wanted ?? 0, leafIndex + 1))
    const newest = head.checkpoint.treeSize
    const treeSize = wanted ?? newest
    if (treeSize > newest || leafIndex >= treeSize) throw beyondLog({ treeSize: newest })
    const [leafHash, ...path] = await reader.hashes(office, head, [[leafIndex, leafIndex + 1], ...inclusionRanges(leafIndex, treeSize)])
    return { leafIndex, treeSize, leafHash: (leafHash as Buffer).toString('base64'), hashes: text(path) }
  }

  /** @throws beyond_log (422) */
  const consistency = async ({ officeId, from, to }: ConsistencyQuery, caller?: Caller): Promise<ConsistencyProof> => {
    const office = await resolveOffice(officeId, caller)
    const head = await headOf(office, Math.max(to ?? 0, from))
    const newest = head.checkpoint.treeSize
    const treeSize = to ?? newest
    if (treeSize > newest || from > treeSize) throw beyondLog({ treeSize: newest })
    return { from, treeSize, hashes: text(await reader.hashes(office, head, consistencyRanges(from, treeSize))) }
  }

  /**
   * A tile (C2SP tlog-tiles), the first `width` hashes of it.
   * @throws not_found (404) where the log is not that large
   */
  const tile = async ({ officeId }: OfOffice, { level, index, width }: Readonly<{ level: number; index: number; width: number }>): Promise<Buffer> => {
    const office = await resolveOffice(officeId, undefined)
    const found = await reader.tile(office, await headOf(office), { level, index })
    if (!found || width > tileWidth || found.length < width * hashLength) throw notFound({})
    return found.subarray(0, width * hashLength)
  }

  /**
   * The exact bytes of an entry.
   * @throws not_found (404), also where the caller may not see what it is about
   */
  const entry = async (caller: Caller, { officeId }: OfOffice, leafIndex: number): Promise<string> => {
    const found = await work.read(actorOf(caller), await resolveOffice(officeId, caller), (tx) => findEntry(tx, leafIndex))
    if (!found) throw notFound({})
    return found.entry
  }

  const proven = async (office: number, head: LogHead, treeSize: number, { leafIndex, entry, openings }: SeenEntry): Promise<Receipt['entries'][number]> => ({
    leafIndex, entry,
    inclusionProof: text(await reader.hashes(office, head, inclusionRanges(leafIndex, treeSize))),
    ...(openings === null ? {} : { openings })
  })

  /**
   * All that may be seen in somebody's name about a thing, with proofs: entries that have no place
   * yet are given one first. A part of it, which begins at leaf `from` and says where the next one does.
   * @throws not_found (404) where there is nothing to be seen
   */
  const receiptSeenBy = async (actor: Actor, office: number, about: string, alsoAbout: readonly string[] = [], from = 0): Promise<Receipt> => {
    await sequencer.catchUp(office)
    const found = await work.read(actor, office, (tx) => listEntriesAbout(tx, [about, ...alsoAbout], from, partMax + 1))
    const [seen, next] = [found.slice(0, partMax), found[partMax]]
    const last = seen.at(-1)
    if (!last) throw notFound({})
    await stamp(office)
    const { checkpoint, cosignatures, timestamp, anchors } = await work.read(anyone, office, async (tx) => {
      const timestamp = await findTimestampOver(tx, last.leafIndex)
      const checkpoint = await findCheckpoint(tx, timestamp?.treeSize)
      invariant(checkpoint, 'a time-stamp without its checkpoint')
      return { timestamp, checkpoint, cosignatures: await listCosignatures(tx, checkpoint.treeSize), anchors: await listAnchors(tx, checkpoint.treeSize) }
    })
    const head = await headOf(office, checkpoint.treeSize)
    const entries: Receipt['entries'] = []
    for (const one of seen) entries.push(await proven(office, head, checkpoint.treeSize, one))
    const { origin, verifierKey, hash } = head.log
    return {
      format: 'ticun-receipt/1', about,
      log: { origin, key: verifierKey, hash },
      entries, ...(from > 0 ? { from } : {}), ...(next ? { next: next.leafIndex } : {}), checkpoint: checkpoint.note,
      ...(cosignatures.length > 0 ? { cosignatures: cosignatures.map(({ line }) => line) } : {}),
      timestamp: timestamp ? { token: timestamp.token.toString('base64'), authority: timestamp.authority, certificates: await certificatesOf(office, timestamp.authority) ?? null } : null,
      anchors: anchors.map(({ chain, reference }) => ({ chain, reference }))
    }
  }

  /** The same of what the caller may see. @throws not_found (404) */
  const receipt = (caller: Caller, office: number, about: string, alsoAbout: readonly string[], from: number): Promise<Receipt> =>
    receiptSeenBy(actorOf(caller), office, about, alsoAbout, from)

  /**
   * Where the first entry about a thing stands, and the newest checkpoint, which covers it; null
   * where there is none. Says nothing of what the entry says.
   */
  const placeOf = async (office: number, about: string): Promise<{ leafIndex: number; checkpoint: string } | null> => {
    const look = () => work.read(worker, office, async (tx) => {
      const leafIndex = await findFirstPlace(tx, about)
      const checkpoint = await findCheckpoint(tx)
      return leafIndex === undefined || checkpoint === undefined ? null : { leafIndex, checkpoint: checkpoint.note }
    })
    return await look() ?? sequencer.catchUp(office).then(look)
  }

  /** The newest time-stamp's token, DER, with the size of the checkpoint it is over. @throws not_found (404) where there is none */
  const timestampOf = async ({ officeId }: OfOffice, treeSize: number | undefined): Promise<Buffer> =>
    work.read(anyone, await resolveOffice(officeId, undefined), async (tx) => {
      const found = await findTimestamp(tx, treeSize)
      if (!found) throw notFound({})
      return found.token
    })

  /** The logs of this deployment, one an office. */
  const list = async (): Promise<{ items: LogEntry[] }> => {
    const items: LogEntry[] = []
    for (const { id, number, name } of await listOffices()) {
      const { log, checkpoint } = await headOf(number)
      items.push({ officeId: id, name, origin: log.origin, key: log.verifierKey, hash: log.hash, treeSize: checkpoint.treeSize, path: `/v1/evidence/logs/${id}` })
    }
    return { items }
  }

  /** Takes the cosignatures that witnesses hand in. @throws cosignature_refused (422) */
  const cosign = async ({ officeId }: OfOffice, note: string): Promise<CosignatureAnswer> => witnesses.receive(await resolveOffice(officeId, undefined), note)

  return { list, cosign, checkpoint, key, inclusion, consistency, tile, entry, receiptSeenBy, receipt, placeOf, timestampOf }
}

export type EvidenceLog = ReturnType<typeof createEvidenceLog>
