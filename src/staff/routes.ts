import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { SignInRecord } from '../identity/model.js'
import { dutiesApart } from '../identity/problems.js'
import { Page, PageQuery } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { ConfirmedProposal, MembershipId, NewStaffMember, OneTimePassword, ProposalId, StaffMember, StaffProposal, StaffSignInFilter } from './model.js'
import type { Staff } from './service.js'

const tags = ['administration']
const OfMember = z.object({ id: MembershipId })
const OfProposal = z.object({ id: ProposalId })
const Refusal = z.object({ reason: z.string().trim().min(1).max(10_000) })

/** Accounts of the staff, by the administrators of the deployment. */
export const staffRoutes = (staff: Staff): Routes => async (app) => {
  app.get('/staff', {
    schema: { operationId: 'listStaff', summary: 'The staff of every office, the authorities and the platform', tags, querystring: PageQuery, response: { 200: Page(StaffMember) } },
    config: { access: ['administrator'] }
  }, async ({ caller, query }) => staff.list(caller, query))

  app.post('/staff-proposals', {
    schema: { operationId: 'proposeStaff', summary: 'Propose who shall belong to the staff (system administrator)', tags, body: NewStaffMember, response: { 201: StaffProposal } },
    config: { access: ['administrator'] }
  }, async ({ caller, body }, reply) => {
    const proposal = await staff.propose(caller, body)
    reply.code(201)
    return proposal
  })

  app.get('/staff-proposals', {
    schema: { operationId: 'listStaffProposals', summary: 'Proposals, newest first (system and security administrator)', tags, querystring: PageQuery, response: { 200: Page(StaffProposal) } },
    config: { access: ['administrator'] }
  }, async ({ caller, query }) => staff.proposals(caller, query))

  app.post('/staff-proposals/:id/confirm', {
    schema: { operationId: 'confirmStaff', summary: 'Let the person in (security administrator); the answer holds a one-time password where they have none', tags, params: OfProposal, response: { 200: ConfirmedProposal } },
    config: { stepUp: true, access: ['administrator'], problems: [samePerson, wrongState, dutiesApart] }
  }, async ({ caller, params }) => staff.confirm(caller, params.id))

  app.post('/staff-proposals/:id/refuse', {
    schema: { operationId: 'refuseStaff', summary: 'Refuse a proposal (security administrator)', tags, params: OfProposal, body: Refusal, response: { 200: StaffProposal } },
    config: { access: ['administrator'], problems: [samePerson, wrongState] }
  }, async ({ caller, params, body }) => staff.refuse(caller, params.id, body.reason))

  app.delete('/staff/:id', {
    schema: { operationId: 'removeStaff', summary: 'End somebody\'s place, and their sessions there at once (system or security administrator)', tags, params: OfMember, response: { 204: z.undefined() } },
    config: { stepUp: true, access: ['administrator'], problems: [samePerson] }
  }, async ({ caller, params }, reply) => {
    await staff.remove(caller, params.id)
    reply.code(204)
  })

  app.post('/staff/:id/unlock', {
    schema: { operationId: 'unlockStaff', summary: 'Lift the locks of wrong passwords and codes (security administrator)', tags, params: OfMember, response: { 200: StaffMember } },
    config: { access: ['administrator'], problems: [samePerson] }
  }, async ({ caller, params }) => staff.unlock(caller, params.id))

  app.post('/staff/:id/password-reset', {
    schema: { operationId: 'resetStaffPassword', summary: 'Give a one-time password; every session of the person ends (security administrator)', tags, params: OfMember, response: { 200: OneTimePassword } },
    config: { stepUp: true, access: ['administrator'], problems: [samePerson] }
  }, async ({ caller, params }) => staff.resetPassword(caller, params.id))

  app.post('/staff/:id/second-factor-reset', {
    schema: { operationId: 'resetStaffSecondFactor', summary: 'Take a lost second factor away (security administrator)', tags, params: OfMember, response: { 200: StaffMember } },
    config: { stepUp: true, access: ['administrator'], problems: [samePerson] }
  }, async ({ caller, params }) => staff.resetSecondFactor(caller, params.id))

  app.get('/sign-ins', {
    schema: { operationId: 'listSignIns', summary: 'Sign-ins of the staff, newest first; `unusual=true`: only those worth a look (security administrator)', tags, querystring: StaffSignInFilter, response: { 200: Page(SignInRecord) } },
    config: { access: ['administrator'] }
  }, async ({ caller, query }) => staff.listSignIns(caller, query))
}
