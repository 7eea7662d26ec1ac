import { samePerson, wrongState } from '../kernel/problems.js'
import type { Id } from '../kernel/id.js'
import type { CertificateNumber, CertificateView } from './model.js'

/*
 * Numbers run without gaps within an office and a year, so that a missing certificate would show.
 * A certificate that turns out wrong is not changed and not deleted: one notary proposes, with a
 * reason, to revoke it, and another does; its number keeps answering, and says so.
 */

type Place = Readonly<{ year: string; office: number; place: number }>

export const numberOf = ({ year, office, place }: Place): CertificateNumber =>
  `${year}-${String(office).padStart(3, '0')}-${String(place).padStart(6, '0')}`

/** The number of the office in whose series a certificate stands. */
export const officeIn = (number: CertificateNumber): number => Number.parseInt(number.split('-')[1] as string, 10)

type By = Readonly<{ by: Id<'per'>; at: Date }>

/** @throws wrong_state (409) */
export const proposeRevocation = (certificate: CertificateView, reason: string, { by, at }: By): CertificateView => {
  if (certificate.status === 'revoked') throw wrongState({ state: 'revoked', allowed: ['valid'] })
  return { ...certificate, revocation: { reason, proposedBy: by, proposedAt: at, revokedBy: null, revokedAt: null } }
}

/** @throws wrong_state (409), same_person (403) */
export const revoke = (certificate: CertificateView, { by, at }: By): CertificateView => {
  const { status, revocation } = certificate
  if (status === 'revoked' || revocation === null) throw wrongState({ state: status, allowed: ['revocation_proposed'] })
  if (revocation.proposedBy === by) throw samePerson({})
  return { ...certificate, status: 'revoked', revocation: { ...revocation, revokedBy: by, revokedAt: at } }
}
