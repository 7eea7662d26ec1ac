import fc from 'fast-check'
import t from 'tap'
import { readPage } from '../../scripts/disputes.js'
import { Problem } from '../../src/kernel/problem.js'
import { DisputeEvent, DisputeStage } from '../../src/disputes/model.js'
import { eventsOf, guards, procedure, step, type Actor, type Facts, type Guard } from '../../src/disputes/procedure/rules.js'
import { startApp, type Answer } from '../support/app.js'
import { newConsumer, type Person } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { addsUp, advance, award, caseOf, holds, moneyOf, newCourt, newMember, openDispute, type Court, type Member } from './support.js'

t.test('docs/disputes.md is drawn from the procedure', async (t) => {
  const { is, shouldBe } = readPage()
  t.equal(is, shouldBe, 'run npm run docs:disputes')
})

const actors: Actor[] = ['consumer', 'merchant', 'operator', 'notary', 'mediator', 'arbitrator', 'service']
const guardNames = Object.keys(guards) as Guard[]

t.test('every event has its place, every stage is reached, and nothing leads out of a withdrawn case', async (t) => {
  t.same(DisputeEvent.options.filter((event) => !procedure.some((row) => row.event === event)), [])
  const reached = new Set<string>(['negotiation'])
  for (let i = 0; i < DisputeStage.options.length; i++) for (const { from, to } of procedure) if (reached.has(from)) reached.add(to)
  t.same([...reached].sort(), [...DisputeStage.options].sort())
  t.same(procedure.filter(({ from }) => from === 'withdrawn'), [])
  t.same(eventsOf('withdrawn'), [])
})

t.test('a step is a row of the table, or it is refused', async (t) => {
  let steps = 0
  for (const stage of DisputeStage.options) for (const event of DisputeEvent.options) for (const actor of actors) for (const claimant of ['consumer', 'merchant'] as const) {
    const singles = [...new Set(procedure.flatMap((row) => (row.event === event && row.guard ? [row.guard] : [])))].map((one) => [one])
    for (const holding of [[], guardNames, ...singles]) {
      const facts: Facts = { stage, claimant, ...Object.fromEntries(holding.map((guard) => [guard, true])) }
      try {
        const row = step(facts, event, actor)
        steps++
        if (!procedure.includes(row) || row.from !== stage || row.event !== event) t.fail(`${stage} ${event} ${actor}`)
        if (row.guard && !holding.includes(row.guard)) t.fail(`${stage} ${event} without ${row.guard}`)
        if (row.by === 'claimant' && actor !== claimant) t.fail(`${stage} ${event} by ${actor}`)
      } catch (error) {
        if (!(error instanceof Problem) || !['wrong_state', 'forbidden', 'no_arbitration_agreement'].includes(error.code)) throw error
      }
    }
  }
  t.ok(steps > procedure.length)
})

/*
 * Random events by random people against the real service. To play longer, or one again:
 *
 *   TICUN_PROPERTY_RUNS=50 TICUN_PROPERTY_SEED=123 npx tap test/disputes/procedure.test.ts
 */
const runs = Number(process.env.TICUN_PROPERTY_RUNS ?? 2)
const seed = Number(process.env.TICUN_PROPERTY_SEED ?? Date.now() % 2 ** 31)
t.setTimeout(Math.max(180_000, runs * 30_000))

type Name = 'consumer' | 'merchant' | 'operator' | 'first' | 'second' | 'mediator' | 'arbitrator' | 'stranger' | 'service'
type Move = Readonly<{ event: DisputeEvent | 'open'; by: Name; amount: number }>

/** Who an event is usually of, so that most programs get somewhere. */
const usual: Readonly<Partial<Record<DisputeEvent | 'open', Name[]>>> = {
  assign_mediator: ['operator'], assign_arbitrator: ['operator'], propose: ['mediator'], fail_mediation: ['mediator'], recuse: ['mediator', 'arbitrator'], award: ['arbitrator'],
  accept_appointment: ['arbitrator'], refuse_appointment: ['arbitrator'], set_evidence_period: ['arbitrator'], note_hearing: ['arbitrator'], correct: ['arbitrator'], execute: ['first', 'second'],
  enter_judgment: ['first'], deadline: ['service'], accept_arbitration: ['consumer']
}
const anybody: Name[] = ['consumer', 'merchant', 'operator', 'first', 'second', 'mediator', 'arbitrator', 'stranger']
const forward: (DisputeEvent | 'open')[] = ['escalate', 'assign_mediator', 'propose', 'decline_proposal', 'escalate', 'assign_arbitrator', 'award', 'execute', 'execute']
const events = [...DisputeEvent.options.filter((event) => !['paid', 'appointment_lapsed', 'concur'].includes(event)), 'open', ...forward] as const

const move: fc.Arbitrary<Move> = fc.constantFrom(...events).chain((event) => fc.record({
  event: fc.constant(event),
  by: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usual[event] ?? ['consumer', 'merchant'] as Name[]) }, { weight: event === 'deadline' ? 0 : 1, arbitrary: fc.constantFrom(...anybody) }),
  amount: fc.integer({ min: 0, max: 60_000 })
}))

/** Chance seldom goes all the way: this one does, with a wrong turn at every step. */
const allTheWay: Move[] = ([
  ['offer', 'merchant'], ['award', 'arbitrator'], ['escalate', 'consumer'], ['assign_mediator', 'operator'], ['propose', 'mediator'], ['decline_proposal', 'merchant'], ['execute', 'first'],
  ['escalate', 'merchant'], ['propose', 'mediator'], ['assign_arbitrator', 'operator'], ['award', 'consumer'], ['award', 'arbitrator'], ['withdraw', 'consumer'], ['execute', 'first'], ['execute', 'first'],
  ['execute', 'second'], ['correct', 'arbitrator'], ['execute', 'second'], ['execute', 'first'], ['execute', 'second'], ['accept_offer', 'consumer'], ['open', 'merchant']
] as const).map(([event, by]) => ({ event, by, amount: 20_000 }))

type Table = Readonly<{ court: Court; member: Member; people: Readonly<Record<Exclude<Name, 'service'>, Person>>; disputeId: string }>

const newest = (list: any[], accept: (one: any) => boolean = () => true): string => list.filter(accept).at(-1)?.id ?? ''

/** Plays one event, with what the case offers for it. */
const play = async ({ member, people, disputeId }: Table, { event, by, amount }: Move, seen: any): Promise<Answer> => {
  const who = people[by as Exclude<Name, 'service'>]
  const at = (path: string, body?: object): Promise<Answer> => who.post(`/disputes/${disputeId}${path}`, body)
  const side = by === 'consumer' ? 'merchant' : 'consumer'
  const offer = newest(seen.offers, (one) => one.side === side) || 'ofr_01k0vb4c9hfkbt9t9a6x2n8g7m'
  const proposal = newest(seen.proposals) || 'prp_01k0vb4c9hfkbt9t9a6x2n8g7m'
  const assignment = newest(seen.assignments, ({ adjudicatorId }) => adjudicatorId === who?.userId) || 'asg_01k0vb4c9hfkbt9t9a6x2n8g7m'
  const divided = [Math.min(amount, seen.disputedFen), Math.max(0, seen.disputedFen - amount)] as const
  const decided = seen.outcome ?? { refundFen: amount, releaseFen: 0, restoreFen: 0 }
  const shift = Math.min(amount, decided.releaseFen)
  switch (event) {
    case 'open': return who.post('/disputes', { contractId: member.id, claimFen: amount + 1, ground: 'other', statement: '再次主张' })
    case 'offer': return at('/offers', { refundFen: amount, message: '方案' })
    case 'accept_offer': return at(`/offers/${offer}/accept`)
    case 'decline_offer': return at(`/offers/${offer}/decline`)
    case 'message': return at('/messages', { text: '您好' })
    case 'accept_arbitration': return at('/arbitration-agreement')
    case 'escalate': return at('/escalate')
    case 'withdraw': return at('/withdraw')
    case 'assign_mediator': return at('/assignments', { adjudicatorId: people.mediator.userId, role: 'mediator' })
    case 'assign_arbitrator': return at('/assignments', { adjudicatorId: people.arbitrator.userId, role: 'arbitrator' })
    case 'recuse': return at(`/assignments/${assignment}/recuse`, { reason: '回避' })
    case 'propose': return at('/proposals', { refundFen: amount, message: '方案' })
    case 'accept_proposal': return at(`/proposals/${proposal}/accept`)
    case 'decline_proposal': return at(`/proposals/${proposal}/decline`)
    case 'fail_mediation': return at('/mediation-failure')
    case 'accept_appointment': return at(`/assignments/${assignment}/accept`)
    case 'refuse_appointment': return at(`/assignments/${assignment}/refuse`, { reason: '档期' })
    case 'set_evidence_period': return at('/evidence-period', { until: '2999-01-01T00:00:00Z' })
    case 'state': return at('/statements', { text: '陈述' })
    case 'note_hearing': return at('/hearing-notes', { text: '笔录' })
    case 'award': return at('/award', award(...divided))
    case 'correct': return at('/award/corrections', { ...decided, refundFen: decided.refundFen + shift, releaseFen: decided.releaseFen - shift, reasoning: '补正' })
    case 'enter_judgment': return at('/judgment', { caseNumber: `民初 ${seen.id} ${amount}`, refundFen: divided[0], releaseFen: divided[1], reasoning: '判决' })
    case 'execute': return at('/execute')
    default: throw new Error(event)
  }
}

const portrait = async ({ court, member, disputeId }: Table): Promise<any> => {
  const { scenarios: _, ...seen } = await caseOf(court.first, disputeId)
  return { seen, money: await moneyOf({ ...member, consumer: court.first as Member['consumer'] }) }
}

const roleOf: Readonly<Partial<Record<Name, Actor>>> = { first: 'notary', second: 'notary' }

t.test('whatever is tried by whomever, only what the table knows changes a case, and the books hold', async (t) => {
  const app = await startApp(t)
  const court = await newCourt(app)
  const stranger = await newConsumer(app)
  const tally: Record<string, number> = {}

  const property = fc.asyncProperty(fc.array(move, { minLength: 14, maxLength: 22, size: 'max' }), fc.boolean(), fc.constantFrom('consumer', 'merchant'), async (moves, acceptArbitration, claimant) => {
    const member = await newMember(court, { acceptArbitration })
    const people = { ...court, consumer: member.consumer, merchant: court.shop.owner, stranger } as Table['people']
    const { id: disputeId } = await openDispute(claimant === 'consumer' ? member.consumer : court.shop.owner, member.id)
    const table: Table = { court, member, people, disputeId }
    let before = await portrait(table)
    for (const one of moves) {
      const days = before.seen.deadline === null ? 1 : Math.ceil((Date.parse(before.seen.deadline) - Date.parse((await app.nobody.get('/sandbox/clock')).body.now)) / 86_400_000)
      const answer = one.event === 'deadline' ? (await advance(app, Math.max(0, days)), { status: 200 }) : await play(table, one, before.seen)
      const after = await portrait(table)
      const what = `${one.event} by ${one.by} in ${before.seen.stage}: ${answer.status}`
      tally[`${one.event} ${answer.status < 400 ? 'done' : 'refused'}`] = (tally[`${one.event} ${answer.status < 400 ? 'done' : 'refused'}`] ?? 0) + 1
      if (answer.status >= 500) throw new Error(what)
      if (answer.status >= 400) {
        if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error(`${what}, and something changed`)
      } else if (one.event !== 'open') {
        const actor = roleOf[one.by] ?? one.by
        const known = procedure.some(({ from, event, to, by }) => from === before.seen.stage && event === one.event && to === after.seen.stage &&
          (by === actor || (by === 'party' && ['consumer', 'merchant'].includes(actor)) || (by === 'claimant' && actor === claimant)))
        const isQuiet = one.event === 'deadline' && before.seen.deadline === null
        // A first acceptance waits for the other side's.
        const waits = one.event === 'accept_proposal' && after.seen.stage === before.seen.stage
        if (!known && !isQuiet && !waits) throw new Error(`${what} led to ${after.seen.stage}, which the table does not know`)
      }
      addsUp({ equal: (a: unknown, b: unknown) => { if (a !== b) throw new Error(`${what}: the money does not add up`); return true } } as never, after.money)
      before = after
    }
  })
  const result = await fc.check(property, { numRuns: runs + 1, examples: [[allTheWay, true, 'consumer']], seed, endOnFailure: true })
  for (const [what, times] of Object.entries(tally).sort()) t.comment(`${what}: ${times}`)
  t.notOk(result.failed, result.failed ? `${(result.errorInstance as Error).message}\nTICUN_PROPERTY_SEED=${seed}\n${fc.stringify(result.counterexample)}` : `${result.numRuns} cases with TICUN_PROPERTY_SEED=${seed} came out right`)
  await holds(t, app)
  expectStatus(await court.first.get('/disputes'), 200)
})
