import { forbidden } from '../../kernel/problems.js'
import type { DisputeEvent, DisputePolicy, DisputeStage } from '../model.js'
import { noArbitrationAgreement, outOfTurn } from '../problems.js'

/*
 * Three steps: the parties negotiate; then a mediator helps them; then arbitrators decide. In each
 * of them the parties may settle, and the claimant may withdraw. Silence moves the case on:
 * negotiation becomes mediation, and mediation that came to nothing becomes arbitration, where the
 * consumer agreed to it when signing; otherwise the case lapses, and what is frozen stays frozen for
 * a time, for the court's word, which a notary enters.
 *
 * This table is the whole procedure: what is not in it cannot happen. The page docs/disputes.md is
 * drawn from it.
 */

export type Actor = 'consumer' | 'merchant' | 'operator' | 'notary' | 'mediator' | 'arbitrator' | 'service'
/** Who may make an event happen: `party` is either side, `claimant` the one that opened the case. */
export type May = Actor | 'party' | 'claimant'

/** What must be true besides. Each is decided by the facts of the case. */
export const guards = {
  mediation_failed: { zh: '调解方案被拒绝或期限已过', en: 'a proposal was declined, or the time is over' },
  arbitration_agreed: { zh: '消费者签约时同意仲裁', en: 'the consumer accepted arbitration when signing' },
  no_arbitration: { zh: '没有仲裁协议', en: 'there is no arbitration agreement' },
  majority: { zh: '独任，或多数仲裁员同意', en: 'a sole arbitrator, or a majority' },
  no_majority: { zh: '尚未形成多数意见', en: 'no majority yet' },
  still_frozen: { zh: '资金仍在冻结', en: 'money is still frozen' },
  second_notary: { zh: '另一名公证人员', en: 'another notary than the first' },
  first_notary: { zh: '第一名公证人员', en: 'the first notary' },
  moves_money: { zh: '补正改变金额', en: 'it changes sums' },
  words_only: { zh: '仅更正文字', en: 'only words change' }
} as const
export type Guard = keyof typeof guards

type DeadlineOf = keyof Pick<DisputePolicy, 'negotiationDays' | 'mediationDays' | 'courtDays'>

export type Transition = Readonly<{
  from: DisputeStage
  event: DisputeEvent
  to: DisputeStage
  by: May
  guard?: Guard
  /** what the law asks besides; without it the refusal says so */
  needs?: 'arbitration_agreed'
  /** a new deadline; `none`: nothing happens by itself from here; absent: the one there is stays */
  deadline?: DeadlineOf | 'none'
}>

const inEach = (stages: readonly DisputeStage[], event: DisputeEvent, by: May): Transition[] => stages.map((from) => ({ from, event, to: from, by }))

const open = ['negotiation', 'mediation', 'arbitration'] as const
const toEach = (event: DisputeEvent, to: DisputeStage, by: May): Transition[] => open.map((from) => ({ from, event, to, by, deadline: 'none' }))

export const procedure: readonly Transition[] = [
  ...inEach(open, 'offer', 'party'),
  ...toEach('accept_offer', 'settled', 'party'),
  ...inEach(open, 'decline_offer', 'party'),
  ...inEach(open, 'message', 'party'),
  ...inEach(['negotiation', 'mediation'], 'accept_arbitration', 'consumer'),
  ...toEach('withdraw', 'withdrawn', 'claimant'),

  { from: 'negotiation', event: 'escalate', to: 'mediation', by: 'party', deadline: 'mediationDays' },
  { from: 'negotiation', event: 'deadline', to: 'mediation', by: 'service', deadline: 'mediationDays' },

  { from: 'mediation', event: 'assign_mediator', to: 'mediation', by: 'operator' },
  { from: 'mediation', event: 'recuse', to: 'mediation', by: 'mediator' },
  { from: 'mediation', event: 'message', to: 'mediation', by: 'mediator' },
  { from: 'mediation', event: 'propose', to: 'mediation', by: 'mediator' },
  { from: 'mediation', event: 'accept_proposal', to: 'settled', by: 'party', deadline: 'none' },
  { from: 'mediation', event: 'decline_proposal', to: 'mediation', by: 'party' },
  { from: 'mediation', event: 'fail_mediation', to: 'arbitration', by: 'mediator', guard: 'arbitration_agreed', deadline: 'none' },
  { from: 'mediation', event: 'fail_mediation', to: 'lapsed', by: 'mediator', guard: 'no_arbitration', deadline: 'courtDays' },
  { from: 'mediation', event: 'escalate', to: 'arbitration', by: 'party', guard: 'mediation_failed', needs: 'arbitration_agreed', deadline: 'none' },
  { from: 'mediation', event: 'deadline', to: 'arbitration', by: 'service', guard: 'arbitration_agreed', deadline: 'none' },
  { from: 'mediation', event: 'deadline', to: 'lapsed', by: 'service', guard: 'no_arbitration', deadline: 'courtDays' },

  { from: 'arbitration', event: 'assign_arbitrator', to: 'arbitration', by: 'operator' },
  { from: 'arbitration', event: 'accept_appointment', to: 'arbitration', by: 'arbitrator' },
  { from: 'arbitration', event: 'refuse_appointment', to: 'arbitration', by: 'arbitrator' },
  { from: 'arbitration', event: 'appointment_lapsed', to: 'arbitration', by: 'service' },
  { from: 'arbitration', event: 'recuse', to: 'arbitration', by: 'arbitrator' },
  { from: 'arbitration', event: 'set_evidence_period', to: 'arbitration', by: 'arbitrator' },
  { from: 'arbitration', event: 'state', to: 'arbitration', by: 'party' },
  { from: 'arbitration', event: 'note_hearing', to: 'arbitration', by: 'arbitrator' },
  { from: 'arbitration', event: 'award', to: 'decided', by: 'arbitrator', guard: 'majority' },
  { from: 'arbitration', event: 'award', to: 'arbitration', by: 'arbitrator', guard: 'no_majority' },
  { from: 'arbitration', event: 'concur', to: 'decided', by: 'arbitrator', guard: 'majority' },

  { from: 'decided', event: 'execute', to: 'decided', by: 'notary', guard: 'first_notary' },
  { from: 'decided', event: 'execute', to: 'executed', by: 'notary', guard: 'second_notary' },
  { from: 'decided', event: 'correct', to: 'decided', by: 'arbitrator' },
  { from: 'executed', event: 'correct', to: 'decided', by: 'arbitrator', guard: 'moves_money' },
  { from: 'executed', event: 'correct', to: 'executed', by: 'arbitrator', guard: 'words_only' },
  { from: 'settled', event: 'paid', to: 'executed', by: 'service' },

  { from: 'lapsed', event: 'accept_arbitration', to: 'lapsed', by: 'consumer', guard: 'still_frozen' },
  { from: 'lapsed', event: 'escalate', to: 'arbitration', by: 'party', guard: 'still_frozen', needs: 'arbitration_agreed', deadline: 'none' },
  { from: 'lapsed', event: 'enter_judgment', to: 'decided', by: 'notary', guard: 'still_frozen', deadline: 'none' },
  { from: 'lapsed', event: 'withdraw', to: 'withdrawn', by: 'claimant', guard: 'still_frozen', deadline: 'none' },
  { from: 'lapsed', event: 'deadline', to: 'lapsed', by: 'service', guard: 'still_frozen', deadline: 'none' }
]

/** What a step is decided on. */
export type Facts = Readonly<{
  stage: DisputeStage
  claimant: 'consumer' | 'merchant'
} & { [G in Guard]?: boolean | undefined }>

const mayBe = (may: May, actor: Actor, { claimant }: Facts): boolean => {
  if (may === 'party') return actor === 'consumer' || actor === 'merchant'
  return may === 'claimant' ? actor === claimant : actor === may
}

const holds = ({ guard }: Transition, facts: Facts): boolean => guard === undefined || facts[guard] === true

/** What can happen to a case in a stage, by whomever; what only the case's own facts forbid is among it. */
export const eventsOf = (stage: DisputeStage): DisputeEvent[] =>
  [...new Set(procedure.filter(({ from, by }) => from === stage && by !== 'service').map(({ event }) => event))]

/**
 * The step that an event is, by an actor.
 * @throws wrong_state (409) with what can happen now, forbidden (403) for one who may not,
 *   no_arbitration_agreement (422)
 */
export const step = (facts: Facts, event: DisputeEvent, actor: Actor): Transition => {
  const refuse = () => outOfTurn({ state: facts.stage, allowed: eventsOf(facts.stage) })
  const rows = procedure.filter((row) => row.from === facts.stage && row.event === event)
  if (rows.length === 0) throw refuse()
  const mine = rows.filter(({ by }) => mayBe(by, actor, facts))
  if (mine.length === 0) throw forbidden({})
  const found = mine.find((row) => holds(row, facts))
  if (!found) throw refuse()
  if (found.needs !== undefined && facts[found.needs] !== true) throw noArbitrationAgreement({})
  return found
}
