import { Readable } from 'node:stream'
import type { Contracts } from '../contracts/service.js'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { DisputeId, DisputeRecord, Side } from '../disputes/model.js'
import type { Evidence } from '../evidence/service.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { forbidden, notFound } from '../kernel/problems.js'
import type { PageOf } from '../kernel/page.js'
import type { Vault } from '../kernel/vault.js'
import type { ScanFile } from '../storage/clamav.js'
import type { Storage } from '../storage/storage.js'
import { createIntake } from './intake.js'
import type { CaseFile, CaseFileId, CaseFileRecord, EvidenceFields } from './model.js'
import { fileInfected } from './problems.js'
import { checkCount, checkFilable, safeName, typeOf } from './rules.js'
import { countFiles, findFile, findFileByContent, insertFile, listFiles } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  storage: Storage
  /** undefined: no scanner is set up, and each file says that it was not scanned */
  scan: ScanFile | undefined
  contracts: Pick<Contracts, 'lock'>
  evidence: Pick<Evidence, 'appendFact'>
  /** @throws not_found (404), also for a dispute that is not the caller's to see */
  findDispute: (tx: Tx, id: DisputeId) => Promise<DisputeRecord>
}>

/** Receives an upload when it is asked to; the keeper is given the file while it comes in. */
export type ReceiveUpload = (keep: (file: { name: string; content: AsyncIterable<Uint8Array> }) => Promise<Kept>) => Promise<{ kept: Kept; fields: EvidenceFields }>

type Kept = Pick<CaseFileRecord, 'name' | 'contentType' | 'sizeBytes' | 'sha256' | 'file'>

const sealedAbout = 'case_files.file'

const sideOf = ({ end }: Caller): Side => {
  if (end !== 'consumer' && end !== 'merchant') throw forbidden({})
  return end
}

/** A file as the wire shows it. */
export const viewOf = ({ contractId: _, filedBy: __, file: ___, ...shown }: CaseFileRecord): CaseFile => shown

export const createCasefiles = ({ work, clock, vault, storage, scan, contracts, evidence, findDispute }: Dependencies) => {
  /** @throws too_many_files (422), unless this very content was filed before */
  const checkRoom = async (tx: Tx, disputeId: DisputeId, party: Side, sha256: string): Promise<CaseFileRecord | undefined> => {
    const same = await findFileByContent(tx, disputeId, party, sha256)
    if (same === undefined) checkCount(await countFiles(tx, disputeId, party))
    return same
  }

  /** Takes a file in: sealed on its way to the storage, looked into while it comes, and kept if it may be filed. */
  const keep = async (caller: Caller, disputeId: DisputeId, { name, content }: { name: string; content: AsyncIterable<Uint8Array> }): Promise<Kept> => {
    const intake = createIntake(content, scan)
    let seen = undefined as Omit<Kept, 'name' | 'file'> | undefined
    const { sha256: file } = await storage.put(vault.sealStream(intake.content, sealedAbout), {
      inspect: async () => {
        const { head, sha256, sizeBytes, found } = await intake.seen()
        const contentType = typeOf(head)
        await work.read(actorOf(caller), officeOf(disputeId), (tx) => checkRoom(tx, disputeId, sideOf(caller), sha256))
        if (found !== undefined) throw fileInfected({ found })
        seen = { sha256, sizeBytes, contentType }
      }
    })
    invariant(seen, 'what is kept was looked into')
    return { ...seen, file, name: safeName(name, seen.contentType) }
  }

  /**
   * A party files evidence in a dispute. The same content again is the file that is there.
   * @throws not_found (404), wrong_state, evidence_period_over (409), too_large (413), file_type_not_allowed, too_many_files, file_infected, validation_failed (422)
   */
  const file = async (caller: Caller, disputeId: DisputeId, receive: ReceiveUpload): Promise<CaseFile> => {
    const [actor, office, party] = [actorOf(caller), officeOf(disputeId), sideOf(caller)]
    await work.read(actor, office, async (tx) => { checkFilable(await findDispute(tx, disputeId), clock.now()) })
    const { kept, fields } = await receive((upload) => keep(caller, disputeId, upload))
    return work.write(actor, office, async (tx) => {
      const { contractId, merchantId } = await findDispute(tx, disputeId)
      // The contract's lock puts files of one party in a row, and before or after what moves the case on.
      await contracts.lock(tx, contractId)
      const same = await checkRoom(tx, disputeId, party, kept.sha256)
      if (same) return viewOf(same)
      const filedAt = clock.now()
      checkFilable(await findDispute(tx, disputeId), filedAt)
      const record: CaseFileRecord = {
        id: newId('fil', tx.office), disputeId, contractId, party, filedBy: caller.personId, ...kept,
        purpose: fields.purpose ?? null, scan: scan === undefined ? 'not_scanned' : 'clean', filedAt
      }
      await insertFile(tx, record)
      await evidence.appendFact(tx, {
        fact: 'evidence-filed', subject: record.id, contractId, merchantId, occurredAt: filedAt,
        payload: { disputeId, party, sha256: kept.sha256, sizeBytes: kept.sizeBytes, contentType: kept.contentType }
      })
      return viewOf(record)
    })
  }

  /** What the parties filed, in its order. @throws not_found (404) */
  const list = (caller: Caller, disputeId: DisputeId): Promise<PageOf<CaseFile>> =>
    work.read(actorOf(caller), officeOf(disputeId), async (tx) => {
      await findDispute(tx, disputeId)
      return { items: (await listFiles(tx, disputeId)).map(viewOf), nextCursor: null }
    })

  /** The content of a file. */
  const contentOf = async ({ file }: CaseFileRecord): Promise<Readable> =>
    Readable.from(vault.openStream(await storage.open(file), sealedAbout), { objectMode: false })

  /** A file with its content. @throws not_found (404) */
  const open = async (caller: Caller, disputeId: DisputeId, id: CaseFileId): Promise<CaseFile & Readonly<{ content: Readable }>> => {
    const found = await work.read(actorOf(caller), officeOf(disputeId), (tx) => findFile(tx, disputeId, id))
    if (!found) throw notFound({})
    return { ...viewOf(found), content: await contentOf(found) }
  }

  return { file, list, open, contentOf }
}

export type Casefiles = ReturnType<typeof createCasefiles>
