import { randomUUID } from 'node:crypto'
import type { Card, Case } from '../model.js'
import type { Person, Shop } from '../people.js'
import type { Act } from '../plan.js'
import { at, type Deal, type Job, type Stage } from '../stage.js'

/** Disputes, from the claim to the execution of an award. */

const post = (path: string, person: Person, body?: object, key = randomUUID()): Job['call'] => ({ method: 'POST', path, token: person.token, key, body })

const ended = new Set(['withdrawn', 'lapsed', 'executed'])

const casesOf = (cards: Iterable<Card>): Case[] => [...cards].flatMap(({ cases }) => [...cases.values()]).filter(({ stage }) => !ended.has(stage))

const openCases = ({ model }: Stage): Case[] => casesOf(model.cards.values())

const look = async ({ client }: Stage, { token }: Person, id: string, service: number): Promise<any> => {
  const answered = await client.ask(service, { method: 'GET', path: `/disputes/${id}`, token }, 4)
  return answered?.reply.status === 200 ? answered.reply.body : undefined
}

/** Takes over what the service shows of a case: for the choice of the next act, never as a proof. */
const learn = (found: Case, shown: any): void => {
  found.stage = shown.stage
  if (shown.offers) found.offers = shown.offers.filter(({ status }: any) => status === 'open').map(({ id, side }: any) => ({ id, side }))
  if (shown.proposals) found.proposals = shown.proposals.filter(({ status }: any) => status === 'open').map(({ id }: any) => id)
}

export const dispute: Deal = (stage, act) => {
  const person = stage.cast.consumers[act.lane as number] as Person
  const card = at((stage.model.wallets[act.lane as number] as Card[]).filter(({ stage, cases }) => stage === 'paid' && casesOf([{ cases } as Card]).length === 0), act.which)
  if (!card) return undefined
  const redemptionIds = [...card.uses.values()].filter(({ isVoided }) => !isVoided).slice(-2).map(({ id }) => id)
  const claimFen = 1 + act.how % Math.max(1, Math.floor(card.priceFen / 3))
  return {
    person, call: post('/disputes', person, { contractId: card.id, claimFen, ground: 'service_not_as_agreed', statement: '教练连续缺课', ...(act.how % 2 === 0 && card.kind !== 'period' ? { redemptionIds } : {}) }),
    settle: ({ status, body }) => {
      if (status !== 201) return
      card.isPlain = false
      card.cases.set(body.id, { id: body.id, card, stage: body.stage, offers: [], proposals: [], assignments: 0, frozenFen: body.frozenFen, isAwarded: false, isExecuted: false })
    }
  }
}

/** What a party may do next: withdraw, go further, offer, accept an offer or a proposal, or say no. */
const move = (stage: Stage, act: Act, person: Person, side: 'consumer' | 'merchant', found: Case): Job => {
  const path = `/disputes/${found.id}`
  const theirs = found.offers.find((offer) => offer.side !== side)
  const proposal = found.proposals[0]
  const moves: readonly Job['call'][] = [
    ...(theirs ? [post(`${path}/offers/${theirs.id}/accept`, person), post(`${path}/offers/${theirs.id}/decline`, person)] : []),
    ...(proposal ? [post(`${path}/proposals/${proposal}/accept`, person), post(`${path}/proposals/${proposal}/accept`, person), post(`${path}/proposals/${proposal}/decline`, person)] : []),
    post(`${path}/offers`, person, { refundFen: act.how % (found.frozenFen + 1), message: '各让一步' }),
    post(`${path}/escalate`, person),
    post(`${path}/escalate`, person),
    post(`${path}/messages`, person, { text: '请尽快答复' }),
    ...(side === 'consumer' && act.how % 3 === 0 ? [post(`${path}/withdraw`, person)] : [])
  ]
  return {
    person, call: at(moves, act.how) as Job['call'],
    settle: async () => {
      const shown = await look(stage, person, found.id, act.service)
      if (shown) learn(found, shown)
    }
  }
}

export const argue: Deal = (stage, act) => {
  const person = stage.cast.consumers[act.lane as number] as Person
  const found = at(casesOf(stage.model.wallets[act.lane as number] as Card[]), act.which)
  return found && move(stage, act, person, 'consumer', found)
}

export const answerOffer: Deal = (stage, act) => {
  const found = at(openCases(stage), act.which)
  return found && move(stage, act, (stage.cast.shops[found.card.shop] as Shop).owner, 'merchant', found)
}

export const assign: Deal = async (stage, act) => {
  const { operator, mediator, arbitrator } = stage.cast
  const found = at(openCases(stage).filter(({ stage, assignments }) => (stage === 'mediation' && assignments === 0) || (stage === 'arbitration' && assignments < 2)), act.which)
  if (!found) return undefined
  const isMediation = found.stage === 'mediation'
  return {
    person: operator,
    call: post(`/disputes/${found.id}/assignments`, operator, { adjudicatorId: (isMediation ? mediator : arbitrator).userId, role: isMediation ? 'mediator' : 'arbitrator' }),
    settle: async ({ status }, wasLost) => {
      if (status === 201 || wasLost) found.assignments = isMediation ? 1 : 2
      const shown = await look(stage, operator, found.id, act.service)
      if (shown) learn(found, shown)
    }
  }
}

let awards = 0

/** A mediator proposes, or gives up; an arbitrator divides all that is frozen. */
export const decide: Deal = async (stage, act) => {
  const { mediator, arbitrator } = stage.cast
  const found = at(openCases(stage).filter(({ stage, assignments }) => (stage === 'mediation' && assignments === 1) || (stage === 'arbitration' && assignments === 2)), act.which)
  if (!found) return undefined
  const person = found.stage === 'mediation' ? mediator : arbitrator
  const shown = await look(stage, person, found.id, act.service)
  if (!shown) return undefined
  learn(found, shown)
  if (found.stage === 'mediation') {
    const call = act.how % 3 === 0 ? post(`/disputes/${found.id}/mediation-failure`, person) : post(`/disputes/${found.id}/proposals`, person, { refundFen: act.how % (shown.disputedFen + 1), message: '各让一步' })
    return { person, call, settle: ({ status, body }) => { if (status === 201) found.proposals = [body.id]; else if (status === 200) found.stage = body.stage } }
  }
  if (found.stage !== 'arbitration') return undefined
  const refundFen = act.how % (shown.disputedFen + 1)
  const releaseFen = act.which % (shown.disputedFen - refundFen + 1)
  return {
    person,
    call: post(`/disputes/${found.id}/award`, person, {
      awardNumber: `(模拟)第 ${++awards} 号 ${randomUUID().slice(0, 8)}`, refundFen, releaseFen, restoreFen: shown.disputedFen - refundFen - releaseFen, reasoning: '查明事实如上'
    }),
    settle: ({ status, body }) => { if (status === 201) { found.stage = body.stage; found.isAwarded = true } }
  }
}

export const execute: Deal = (stage, act) => {
  const found = at(openCases(stage).filter(({ stage }) => stage === 'decided'), act.which)
  const person = stage.cast.notaries[act.how % 2] as Person
  return found && {
    person, call: post(`/disputes/${found.id}/execute`, person),
    settle: ({ status, body }) => {
      if (status !== 200) return
      found.stage = body.stage
      if (body.executedAt !== null) found.isExecuted = true
    }
  }
}

const pdf = (number: number): Buffer => Buffer.from(`%PDF-1.7\n1 0 obj\n<</N ${number}>>\nendobj\ntrailer\n<<>>\n%%EOF\n`)

export const file: Deal = (stage, act) => {
  const person = stage.cast.consumers[act.lane as number] as Person
  const found = at(casesOf(stage.model.wallets[act.lane as number] as Card[]), act.which)
  if (!found) return undefined
  const boundary = `----${randomUUID()}`
  const raw = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="e.pdf"\r\nContent-Type: application/pdf\r\n\r\n`), pdf(act.how), Buffer.from(`\r\n--${boundary}--\r\n`)
  ])
  return {
    person, call: { method: 'POST', path: `/disputes/${found.id}/evidence`, token: person.token, body: { raw, type: `multipart/form-data; boundary=${boundary}` } },
    settle: () => undefined
  }
}
