import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import type { Routes } from '../http/types.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { CertificateCheck, CertificateNumber, CertificateView, CheckQuery, Revocation } from './model.js'
import type { Certificates } from './service.js'

const params = z.object({ number: CertificateNumber })

/** Numbers run without gaps, so whoever looks may look at the next: as often as people who scan codes, not as programs do. */
const checksPerMinute = { max: 60, timeWindow: 60_000 }

export const certificateRoutes = (certificates: Certificates): Routes => async (app) => {
  app.get('/contracts/:id/certificate', {
    schema: {
      operationId: 'getDepositCertificate',
      summary: 'The deposit certificate, sealed, with a code that leads to its public check',
      tags: ['certificates'],
      params: z.object({ id: ContractId }),
      response: { 200: { description: 'The certificate, Chinese', content: { 'application/pdf': { schema: { type: 'string', contentMediaType: 'application/pdf' } } } } }
    },
    config: { access: ['consumer', 'merchant', 'notary'], problems: [wrongState] }
  }, async ({ caller, params: { id } }, reply) => {
    const { number, bytes } = await certificates.depositCertificate(caller, id)
    return reply.type('application/pdf').header('content-disposition', `inline; filename="${number}.pdf"`).send(bytes as never)
  })

  app.get('/certificates/:number', {
    schema: {
      operationId: 'checkCertificate',
      summary: 'Whether a certificate is valid, and where its evidence is; a page for browsers',
      tags: ['certificates'],
      params,
      querystring: CheckQuery,
      response: { 200: { description: 'Its status and evidence, without personal data', content: { 'application/json': { schema: CertificateCheck }, 'text/html': { schema: z.string() } } } }
    },
    config: { access: 'public', rateLimit: checksPerMinute }
  }, async ({ params: { number }, query: { officeId }, headers: { accept } }, reply) => {
    const { type, headers, body } = await certificates.check(number, officeId, accept)
    return reply.type(type).headers(headers).send(body as never)
  })

  app.get('/certificates/:number/revocation', {
    schema: { operationId: 'getCertificate', summary: 'A certificate and its revocation, as the office sees it', tags: ['certificates'], params, response: { 200: CertificateView } },
    config: { access: ['notary'] }
  }, async ({ caller, params: { number } }) => certificates.show(caller, number))

  app.post('/certificates/:number/revocation', {
    schema: { operationId: 'proposeRevocation', summary: 'Propose to revoke a certificate', tags: ['certificates'], params, body: Revocation, response: { 200: CertificateView } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params: { number }, body }) => certificates.proposeRevocation(caller, number, body))

  app.post('/certificates/:number/revocation/approve', {
    schema: { operationId: 'revokeCertificate', summary: 'Revoke a certificate that another notary proposed to revoke', tags: ['certificates'], params, response: { 200: CertificateView } },
    config: { access: ['notary'], problems: [wrongState, samePerson] }
  }, async ({ caller, params: { number } }) => certificates.revoke(caller, number))
}
