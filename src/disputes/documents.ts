import { createHash } from 'node:crypto'
import type { Tx } from '../db/unit-of-work.js'
import type { Documents } from '../documents/service.js'
import type { People } from '../identity/people.js'
import { newId, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { Vault } from '../kernel/vault.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import { documentText, type DocumentFacts } from './document.js'
import type { DisputeId, DisputeRecord, DocumentKind, Outcome } from './model.js'
import { pdfOf, type MediationFacts, type SheetFacts } from './sheets.js'
import { insertDocument, listDocuments } from './store.js'

type Dependencies = Readonly<{
  vault: Vault
  people: Pick<People, 'personOf' | 'membersOf'>
  merchants: Pick<Merchants, 'find'>
  offices: Pick<Offices, 'byNumber'>
  /** what makes and seals the PDFs */
  pdfs: Pick<Documents, 'ask'>
}>

const sealed = { facts: 'dispute_documents.facts', text: 'dispute_documents.text' }

/** What a document is about, beside the case itself. */
export type DocumentInput = Readonly<{
  kind: DocumentKind
  disputedFen: bigint
  outcome?: Outcome | undefined
  terms?: string | undefined
  award?: DocumentFacts['award']
  mediation?: MediationFacts | undefined
  at: Date
}>

/** A document as it was made: its facts, its exact text and the text's SHA-256. */
export type OpenedDocument = Readonly<{ id: string; kind: DocumentKind; facts: DocumentFacts; text: string; sha256: string; createdAt: Date }>

const fen = ({ refundFen, releaseFen, restoreFen }: Outcome) => ({ refundFen: `${refundFen}`, releaseFen: `${releaseFen}`, restoreFen: `${restoreFen}` })

/** Agreements, awards and certificates of cases. They name the parties, so they are kept sealed. */
export const createCaseDocuments = ({ vault, people, merchants, offices, pdfs }: Dependencies) => {
  /** Names of adjudicators as colleagues know them. */
  const namesOf = async (tx: Tx, ids: readonly string[]): Promise<string[]> => {
    const members = await people.membersOf(tx, tx.office, 'adjudicator')
    return ids.map((id) => members.find(({ personId }) => personId === id)?.name ?? id)
  }

  /** Asks for the PDF of a document that has one. @returns its id */
  const askPdf = async (tx: Tx, { id, contractId, merchantId, claimant }: DisputeRecord, shown: Omit<SheetFacts, 'claimant'>): Promise<Id<'doc'> | null> => {
    const pdf = pdfOf({ ...shown, claimant })
    return pdf ? pdfs.ask(tx, { ...pdf, subject: id, contractId, merchantId }, `${pdf.sheet.title}，纠纷 ${id}`) : null
  }

  /** Writes a document of a case, as the service. @returns the SHA-256 of its text */
  const write = async (tx: Tx, dispute: DisputeRecord, { kind, disputedFen, outcome, terms, award, mediation, at }: DocumentInput): Promise<string> => {
    const [office, merchant, consumer] = [await offices.byNumber(tx.office), await merchants.find(tx, dispute.merchantId), await people.personOf(tx, dispute.consumerId)]
    invariant(consumer.legalName, 'whoever has a contract has a name')
    const facts: DocumentFacts = {
      kind, disputeId: dispute.id, contractId: dispute.contractId, office: office.name, consumer: consumer.legalName,
      merchant: { name: merchant.name, creditCode: merchant.creditCode }, ground: dispute.ground, claimFen: `${dispute.claimFen}`, disputedFen: `${disputedFen}`,
      madeAt: at.toISOString(), outcome: outcome && fen(outcome), terms, award
    }
    const text = documentText(facts)
    const sha256 = createHash('sha256').update(text).digest('hex')
    await insertDocument(tx, {
      id: newId('doc', tx.office), disputeId: dispute.id, kind, sha256, createdAt: at,
      pdfId: await askPdf(tx, dispute, { facts, idNumber: consumer.idNumber ?? '', outcome, mediation }),
      factsSealed: vault.seal(JSON.stringify(facts), sealed.facts), textSealed: vault.seal(text, sealed.text)
    })
    return sha256
  }

  /** The documents of a case the transaction's role may see, opened. */
  const openAll = async (tx: Tx, id: DisputeId): Promise<OpenedDocument[]> =>
    (await listDocuments(tx, id)).map(({ id: documentId, kind, sha256, createdAt, factsSealed, textSealed }) => ({
      id: documentId, kind, sha256, createdAt, facts: JSON.parse(vault.open(factsSealed, sealed.facts)) as DocumentFacts, text: vault.open(textSealed, sealed.text)
    }))

  return { write, openAll, namesOf }
}

export type CaseDocuments = ReturnType<typeof createCaseDocuments>
