import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { languageOf } from '../http/problem-details.js'
import { Page } from '../kernel/page.js'
import { samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import { PersonId } from '../identity/model.js'
import type { Appointments } from './appointments.js'
import type { Arbitration } from './arbitration.js'
import type { Executions } from './executions.js'
import type { Mediation } from './mediation.js'
import {
  Adjudicator, Assignment, AssignmentId, Award, Correction, Declaration, Dispute, DisputeDetail, DisputeFilter, DisputeId, Escalation, EvidencePeriod, Message,
  NewAssignment, NewAward, NewDeclaration, NewDispute, NewJudgment, NewMessage, NewOffer, NewProposal, Offer, OfferId, Proposal, ProposalId, Signal
} from './model.js'
import type { Negotiation } from './negotiation.js'
import { awardNotBalanced, awardNumberUsed, conflictOfInterest, correctionTooLate, noArbitrationAgreement, notOnRoster, offerTooHigh } from './problems.js'
import type { Disputes } from './service.js'

const tags = ['disputes']
const OfDispute = z.object({ id: DisputeId })
const OfOffer = OfDispute.extend({ offerId: OfferId })
const OfProposal = OfDispute.extend({ proposalId: ProposalId })
const OfAssignment = OfDispute.extend({ assignmentId: AssignmentId })
const OfAdjudicator = z.object({ id: PersonId })
const Reason = z.object({ reason: NewMessage.shape.text })

const parties = ['consumer', 'merchant'] as const
const everyone = ['consumer', 'merchant', 'adjudicator', 'notary', 'operator'] as const

type Services = Readonly<{
  disputes: Disputes; negotiation: Negotiation; mediation: Mediation; appointments: Appointments; arbitration: Arbitration; executions: Executions
}>

export const disputeRoutes = ({ disputes, negotiation, mediation, appointments, arbitration, executions }: Services): Routes => async (app) => {
  app.post('/disputes', {
    schema: { operationId: 'openDispute', summary: 'Open a dispute: what is claimed is frozen', tags, body: NewDispute, response: { 201: Dispute } },
    config: { access: parties, idempotent: true, problems: [wrongState, validationFailed] }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return disputes.open(command, body)
  })

  app.get('/disputes', {
    schema: { operationId: 'listDisputes', summary: 'Disputes, newest first', tags, querystring: DisputeFilter, response: { 200: Page(Dispute) } },
    config: { access: everyone }
  }, async ({ caller, query }) => disputes.list(caller, query))

  app.get('/disputes/:id', {
    schema: { operationId: 'getDispute', summary: 'A case with everything in it', tags, params: OfDispute, response: { 200: DisputeDetail } },
    config: { access: everyone }
  }, async (request) => disputes.show(request.caller, request.params.id, languageOf(request)))

  app.post('/disputes/:id/escalate', {
    schema: { operationId: 'escalateDispute', summary: 'Move the case on: to mediation, then to arbitration', tags, params: OfDispute, body: Escalation, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState, noArbitrationAgreement] }
  }, async ({ caller, params, body }) => disputes.escalate(caller, params.id, body))

  app.post('/disputes/:id/arbitration-agreement', {
    schema: { operationId: 'acceptArbitration', summary: 'The consumer agrees to arbitration after all', tags, params: OfDispute, response: { 200: Dispute } },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params }) => disputes.acceptArbitration(caller, params.id))

  app.post('/disputes/:id/withdraw', {
    schema: { operationId: 'withdrawDispute', summary: 'The claimant gives up: what was frozen returns', tags, params: OfDispute, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params }) => disputes.withdraw(caller, params.id))

  app.post('/disputes/:id/offers', {
    schema: { operationId: 'offerInDispute', summary: 'Offer what should go back', tags, params: OfDispute, body: NewOffer, response: { 201: Offer } },
    config: { access: parties, idempotent: true, problems: [wrongState, offerTooHigh] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return negotiation.offer(command, params.id, body)
  })

  app.post('/disputes/:id/offers/:offerId/accept', {
    schema: { operationId: 'acceptOffer', summary: 'Accept the other side\'s offer: settled', tags, params: OfOffer, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params }) => negotiation.accept(caller, params.id, params.offerId))

  app.post('/disputes/:id/offers/:offerId/decline', {
    schema: { operationId: 'declineOffer', summary: 'Decline the other side\'s offer', tags, params: OfOffer, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params }) => negotiation.decline(caller, params.id, params.offerId))

  app.post('/disputes/:id/messages', {
    schema: { operationId: 'writeInDispute', summary: 'Write to the others in the case', tags, params: OfDispute, body: NewMessage, response: { 201: Message } },
    config: { access: ['consumer', 'merchant', 'adjudicator'], problems: [wrongState] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return negotiation.write(caller, params.id, body.text)
  })

  app.post('/disputes/:id/assignments', {
    schema: { operationId: 'assignAdjudicator', summary: 'Assign a mediator or an arbitrator', tags, params: OfDispute, body: NewAssignment, response: { 201: Assignment } },
    config: { access: ['operator'], problems: [wrongState, conflictOfInterest, notOnRoster] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return appointments.assign(caller, params.id, body)
  })

  app.post('/disputes/:id/assignments/:assignmentId/accept', {
    schema: { operationId: 'acceptAppointment', summary: 'The arbitrator accepts', tags, params: OfAssignment, response: { 200: Assignment } },
    config: { access: ['adjudicator'], problems: [wrongState] }
  }, async ({ caller, params }) => appointments.accept(caller, params.id, params.assignmentId))

  app.post('/disputes/:id/assignments/:assignmentId/refuse', {
    schema: { operationId: 'refuseAppointment', summary: 'The arbitrator refuses', tags, params: OfAssignment, body: Reason, response: { 200: Assignment } },
    config: { access: ['adjudicator'], problems: [wrongState] }
  }, async ({ caller, params, body }) => appointments.refuse(caller, params.id, params.assignmentId, body.reason))

  app.post('/disputes/:id/assignments/:assignmentId/recuse', {
    schema: { operationId: 'recuse', summary: 'A mediator or arbitrator steps down because of a tie to a party', tags, params: OfAssignment, body: Reason, response: { 200: Assignment } },
    config: { access: ['adjudicator'], problems: [wrongState] }
  }, async ({ caller, params, body }) => appointments.recuse(caller, params.id, params.assignmentId, body.reason))

  app.post('/disputes/:id/proposals', {
    schema: { operationId: 'proposeInDispute', summary: 'The mediator proposes what should go back', tags, params: OfDispute, body: NewProposal, response: { 201: Proposal } },
    config: { access: ['adjudicator'], idempotent: true, problems: [wrongState, offerTooHigh] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return mediation.propose(command, params.id, body)
  })

  app.post('/disputes/:id/proposals/:proposalId/accept', {
    schema: { operationId: 'acceptProposal', summary: 'Accept the mediator\'s proposal; settled once both sides have', tags, params: OfProposal, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params }) => mediation.accept(caller, params.id, params.proposalId))

  app.post('/disputes/:id/proposals/:proposalId/decline', {
    schema: { operationId: 'declineProposal', summary: 'Decline it: the proposal has failed', tags, params: OfProposal, response: { 200: Dispute } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params }) => mediation.decline(caller, params.id, params.proposalId))

  app.post('/disputes/:id/mediation-failure', {
    schema: { operationId: 'failMediation', summary: 'The mediator gives up: arbitration, or the certificate of failed mediation', tags, params: OfDispute, response: { 200: Dispute } },
    config: { access: ['adjudicator'], problems: [wrongState] }
  }, async ({ caller, params }) => mediation.fail(caller, params.id))

  app.post('/disputes/:id/evidence-period', {
    schema: { operationId: 'setEvidencePeriod', summary: 'Until when the parties may file evidence and state their case', tags, params: OfDispute, body: EvidencePeriod, response: { 200: Dispute } },
    config: { access: ['adjudicator'], problems: [wrongState, validationFailed] }
  }, async ({ caller, params, body }) => arbitration.setEvidencePeriod(caller, params.id, body.until))

  app.post('/disputes/:id/statements', {
    schema: { operationId: 'stateCase', summary: 'A party states its case to the tribunal', tags, params: OfDispute, body: NewMessage, response: { 201: Message } },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return arbitration.state(caller, params.id, body.text)
  })

  app.post('/disputes/:id/hearing-notes', {
    schema: { operationId: 'noteHearing', summary: 'The tribunal\'s note of a hearing', tags, params: OfDispute, body: NewMessage, response: { 201: Message } },
    config: { access: ['adjudicator'], problems: [wrongState] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return arbitration.noteHearing(caller, params.id, body.text)
  })

  app.post('/disputes/:id/award', {
    schema: { operationId: 'makeAward', summary: 'Decide the case', tags, params: OfDispute, body: NewAward, response: { 201: Dispute } },
    config: { access: ['adjudicator'], idempotent: true, problems: [wrongState, awardNotBalanced, awardNumberUsed, validationFailed] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return arbitration.award(command, params.id, body)
  })

  app.post('/disputes/:id/award/concurrence', {
    schema: { operationId: 'concurInAward', summary: 'Another of three arbitrators concurs', tags, params: OfDispute, response: { 200: Dispute } },
    config: { access: ['adjudicator'], problems: [wrongState, awardNotBalanced] }
  }, async ({ caller, params }) => arbitration.concur(caller, params.id))

  app.post('/disputes/:id/award/corrections', {
    schema: { operationId: 'correctAward', summary: 'Correct the award within its time', tags, params: OfDispute, body: Correction, response: { 201: Award } },
    config: { access: ['adjudicator'], idempotent: true, problems: [wrongState, awardNotBalanced, correctionTooLate, validationFailed] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return arbitration.correct(command, params.id, body)
  })

  app.post('/disputes/:id/judgment', {
    schema: { operationId: 'enterJudgment', summary: 'Enter the court\'s word on a case that lapsed', tags, params: OfDispute, body: NewJudgment, response: { 201: Dispute } },
    config: { access: ['notary'], idempotent: true, problems: [wrongState, awardNotBalanced, awardNumberUsed] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return arbitration.enterJudgment(command, params.id, body)
  })

  app.post('/disputes/:id/execute', {
    schema: { operationId: 'executeAward', summary: 'The first notary proposes, another executes', tags, params: OfDispute, response: { 200: Dispute } },
    config: { stepUp: true, access: ['notary'], idempotent: true, problems: [wrongState, samePerson] }
  }, async ({ command, params }) => executions.execute(command, params.id))

  app.get('/adjudicators', {
    schema: { operationId: 'listAdjudicators', summary: 'The office\'s roster of mediators and arbitrators', tags, response: { 200: Page(Adjudicator) } },
    config: { access: ['operator', 'notary'] }
  }, async ({ caller }) => appointments.roster(caller))

  app.get('/adjudicators/:id/declarations', {
    schema: { operationId: 'listDeclarations', summary: 'What ties an adjudicator to parties', tags, params: OfAdjudicator, response: { 200: Page(Declaration) } },
    config: { access: ['operator', 'notary', 'adjudicator'] }
  }, async ({ caller, params }) => appointments.declarations(caller, params.id))

  app.post('/adjudicators/:id/declarations', {
    schema: { operationId: 'declareTie', summary: 'Declare a tie to a merchant', tags, params: OfAdjudicator, body: NewDeclaration, response: { 201: Declaration } },
    config: { access: ['operator', 'adjudicator'] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return appointments.declare(caller, params.id, body)
  })

  app.get('/dispute-signals', {
    schema: { operationId: 'listDisputeSignals', summary: 'Signs of claims in series, as counts', tags, response: { 200: Page(Signal) } },
    config: { access: ['operator', 'bureau'] }
  }, async ({ caller }) => disputes.signals(caller))
}
