import { Readable } from 'node:stream'
import { z } from 'zod'
import { ContractView } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { DisputeDetail, Message, Offer, Proposal, Scenario, type DisputeId } from '../disputes/model.js'
import { Receipt } from '../evidence/model.js'
import type { EvidenceLog } from '../evidence/log.js'
import type { Caller } from '../kernel/caller.js'
import { officeOf } from '../kernel/id.js'
import type { Language } from '../kernel/problem.js'
import { StatementLine } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Merchants } from '../merchants/service.js'
import { Redemption } from '../redemptions/model.js'
import type { Redemptions } from '../redemptions/service.js'
import { CaseFile, type CaseFileRecord } from './model.js'
import { bundlePath } from './rules.js'
import { viewOf } from './service.js'
import { listFiles } from './store.js'
import { zipOf, type ZipEntry } from './zip.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  contracts: Pick<Contracts, 'find' | 'view' | 'documentSeenBy'>
  merchants: Pick<Merchants, 'venuesOf'>
  redemptions: Pick<Redemptions, 'historyOf'>
  ledger: Pick<Ledger, 'statementOf'>
  evidenceLog: Pick<EvidenceLog, 'receiptSeenBy'>
  /** @throws not_found (404) */
  showDispute: (caller: Caller, id: DisputeId, language: Language) => Promise<DisputeDetail>
  /** The agreements, certificates and awards of a case, with their texts. */
  documentsOf: (tx: Tx, id: DisputeId) => Promise<readonly Readonly<{ kind: string; text: string }>[]>
  contentOf: (file: CaseFileRecord) => Promise<Readable>
}>

const readme = `纠纷案卷
本压缩包由公证提存服务按纠纷当时的记录生成，内容如下：
  dispute.json            纠纷、经过、裁决与执行
  messages.json           双方往来、要约、调解方案、陈述与庭审记录
  refund-scenarios.json   各种过错情形下依法应退金额及计算步骤
  contract/               合同、合同文本、提存账户明细
  redemptions.json        核销记录：时间、场馆、金额
  documents/              和解、调解、裁决文书
  files.json, files/      双方提交的证据文件
  evidence/               存证日志条目及其默克尔证明，可脱离本服务独立验证
  manifest.json, SHA256SUMS   以上文件的 SHA-256，可用 sha256sum -c SHA256SUMS 核对

Case bundle: the records of a dispute as they stood when it was made. Amounts are integer fen
(1/100 yuan), times UTC. evidence/ holds log entries with Merkle proofs (RFC 9162) that can be
checked without this service; SHA256SUMS lists the hashes of all other files.
`

const RedemptionsInCase = z.array(Redemption.extend({ venue: z.object({ name: z.string(), address: z.string() }).nullable() }))

/** Entries of so many redemptions stand in one receipt. */
const receiptMax = 300

const chunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

const written = <Schema extends z.ZodType>(path: string, schema: Schema, value: z.output<Schema>): ZipEntry =>
  ({ path, open: async () => `${JSON.stringify(z.encode(schema, value), null, 2)}\n` })

const plain = (path: string, text: string | Buffer): ZipEntry => ({ path, open: async () => text })

const numbered = (index: number): string => String(index + 1).padStart(2, '0')

/** Packs all there is of a case, for those who take part in it and for a court. */
export const createBundles = ({ work, contracts, merchants, redemptions, ledger, evidenceLog, showDispute, documentsOf, contentOf }: Dependencies) => {
  /** What the database has of a case, read at one time. */
  const recordsOf = ({ id, contractId, merchantId }: DisputeDetail) => work.read(worker, officeOf(id), async (tx) => {
    const venues = new Map((await merchants.venuesOf(tx, merchantId)).map(({ id: venueId, name, address }) => [venueId, { name, address }]))
    return {
      contract: await contracts.view(tx, await contracts.find(tx, contractId)),
      statement: await ledger.statementOf(tx, contractId),
      visits: (await redemptions.historyOf(tx, contractId)).map((visit) => ({ ...visit, venue: (visit.venueId && venues.get(visit.venueId)) ?? null })),
      files: await listFiles(tx, id),
      documents: await documentsOf(tx, id)
    }
  })

  /** The receipt of a thing, part by part. */
  async function * receipts (office: number, name: string, about: string, others: readonly string[]): AsyncGenerator<ZipEntry> {
    let from: number | undefined = 0
    for (let part = 0; from !== undefined; part++) {
      const receipt: Receipt = await evidenceLog.receiptSeenBy(worker, office, about, others, from)
      yield written(`evidence/${name}${part === 0 ? '' : `-part-${numbered(part)}`}.json`, Receipt, receipt)
      from = receipt.next
    }
  }

  async function * proofs (office: number, detail: DisputeDetail, visits: readonly Redemption[], files: readonly CaseFileRecord[]): AsyncGenerator<ZipEntry> {
    // About the contract, whose entries come first, so that each part stands for itself.
    yield * receipts(office, 'case', detail.contractId, [detail.id, ...files.map(({ id }) => id)])
    for (const [i, some] of chunks(visits, receiptMax).entries()) yield * receipts(office, `redemptions-${numbered(i)}`, (some[0] as Redemption).id, some.slice(1).map(({ id }) => id))
  }

  /**
   * Everything in a case, as a ZIP that is made while it is read. Who may read the case is checked
   * in the caller's own name; its parts, in the service's.
   * @throws not_found (404)
   */
  const bundle = async (caller: Caller, id: DisputeId): Promise<Readable> => {
    const detail = await showDispute(caller, id, 'zh-CN')
    const office = officeOf(id)
    const { contract, statement, visits, files, documents } = await recordsOf(detail)
    const { bytes, contentType } = await contracts.documentSeenBy(worker, detail.contractId)
    const { messages, offers, proposals, scenarios } = detail
    const records = [
      plain('README.txt', readme),
      written('dispute.json', DisputeDetail.omit({ messages: true, offers: true, proposals: true, scenarios: true }), detail),
      written('messages.json', z.object({ messages: z.array(Message), offers: z.array(Offer), proposals: z.array(Proposal) }), { messages, offers, proposals }),
      written('refund-scenarios.json', z.array(Scenario), scenarios),
      written('contract/contract.json', ContractView, contract),
      plain(`contract/document.${contentType === 'application/pdf' ? 'pdf' : 'txt'}`, bytes),
      written('contract/statement.json', z.array(StatementLine), statement),
      written('redemptions.json', RedemptionsInCase, visits),
      ...documents.map(({ kind, text }, i) => plain(`documents/${numbered(i)}-${kind}.txt`, text)),
      written('files.json', z.array(CaseFile.extend({ path: z.string() })), files.map((file, i) => ({ ...viewOf(file), path: bundlePath(file, i) }))),
      ...files.map((file, i): ZipEntry => ({ path: bundlePath(file, i), isCompressed: false, open: () => contentOf(file) }))
    ]
    const all = async function * (): AsyncGenerator<ZipEntry> {
      yield * records
      yield * proofs(office, detail, visits, files)
    }
    return zipOf(all(), { disputeId: id, contractId: detail.contractId, stage: detail.stage }, detail.openedAt)
  }

  return { bundle }
}

export type Bundles = ReturnType<typeof createBundles>
