import { createPrivateKey, X509Certificate } from 'node:crypto'
import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import type { Vault } from '../kernel/vault.js'
import type { Offices } from '../offices/service.js'
import { newSigner } from './authority.js'
import type { Signer } from './cades.js'
import { seal as sealed } from './pades.js'
import { findSeal, insertSeal, type SealRow } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Offices
  /** the seals that offices were given, by the office's number */
  given: ReadonlyMap<number, Signer>
  /** An office without one makes its own: in the sandbox. */
  makesOwn: boolean
  /** an office's time-stamping authority */
  /** an RFC 3161 token over some bytes, by the office's authority */
  tokenOver: (office: number, bytes: Buffer) => Promise<Buffer>
}>

const about = 'seals.key'
const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export const createSeals = ({ work, clock, vault, offices, given, makesOwn, tokenOver }: Dependencies) => {
  const signerOf = ({ keySealed, certificates }: SealRow): Signer => ({
    key: createPrivateKey(vault.open(keySealed, about)),
    certificates: (certificates.match(certificate) ?? []).map((pem) => new X509Certificate(pem).raw)
  })

  /** The office's own seal, made at its first use; of several processes that make one at once, the first is kept. */
  const ownSigner = async (office: number): Promise<Signer> => {
    const known = await work.read(worker, office, findSeal)
    if (known) return signerOf(known)
    const { name } = await offices.byNumber(office)
    const now = clock.now()
    const { key, certificates } = await newSigner(name, now)
    return work.write(worker, office, async (tx) => {
      await insertSeal(tx, {
        officeId: office, keySealed: vault.seal(key.export({ type: 'pkcs8', format: 'pem' }).toString(), about),
        certificates: certificates.map((der) => new X509Certificate(der).toString()).join(''), createdAt: now
      })
      const kept = await findSeal(tx)
      invariant(kept, 'a seal that was just made is missing')
      return signerOf(kept)
    })
  }

  const signers = new Map<number, Promise<Signer>>()

  const signerFor = (office: number): Promise<Signer> => {
    const known = signers.get(office) ?? (given.has(office) ? Promise.resolve(given.get(office) as Signer) : ownSigner(office))
    signers.set(office, known)
    known.catch(() => { signers.delete(office) })
    return known
  }

  /**
   * Seals a document in the office's name: a PAdES signature with its time-stamp, behind the
   * document's bytes, which stay as they are.
   * @throws Error when the office has no seal
   */
  const seal = async (office: number, document: Buffer, statement: string): Promise<Buffer> => {
    if (!given.has(office) && !makesOwn) throw new Error(`no seal is configured for office ${office}: name its PKCS#12 file in SEAL_FILES`)
    const { name } = await offices.byNumber(office)
    return sealed(document, { signer: await signerFor(office), timestamp: (bytes) => tokenOver(office, bytes), name, statement, at: clock.now() })
  }

  return { seal }
}

export type Seals = ReturnType<typeof createSeals>
