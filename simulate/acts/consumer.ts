import { randomUUID } from 'node:crypto'
import { handOver, isUsable, newCard, type Card, type Use } from '../model.js'
import { codeFor, trySignIn, type Person, type Product, type Shop } from '../people.js'
import type { Act } from '../plan.js'
import { at, type Deal, type Job, type Stage } from '../stage.js'

/** What consumers do. */

const tries = 3
const isRefused = (status: number): boolean => status >= 400

const me = ({ cast }: Stage, { lane }: Act): Person => cast.consumers[lane as number] as Person
const mine = ({ model }: Stage, { lane }: Act): Card[] => model.wallets[lane as number] as Card[]
const shopOf = ({ cast }: Stage, { shop }: Card): Shop => cast.shops[shop] as Shop

const post = (path: string, person: Person, body?: object, key = randomUUID()): Job['call'] => ({ method: 'POST', path, token: person.token, key, body })

/** What the service says a thing is now; undefined where it does not answer. */
const read = async ({ client }: Stage, path: string, { token }: Person, service: number): Promise<any> => {
  const answered = await client.ask(service, { method: 'GET', path, token }, 6)
  return answered?.reply.status === 200 ? answered.reply.body : undefined
}

// ---- at the door

const showCode = (stage: Stage, act: Act, card: Card): Job => ({
  person: me(stage, act), call: post(`/contracts/${card.id}/check-in-codes`, me(stage, act)),
  settle: ({ status, body }) => {
    if (status === 201) card.code = act.how % 8 === 0 ? body.shortCode : body.code
    else card.isOver = true
  }
})

const unitsWanted = (card: Card, how: number): { units: number; body: object } => {
  if (card.kind === 'period') return { units: 0, body: {} }
  const units = card.kind === 'sessions' ? 1 + Number(how % 11 === 0) : 1 + how % 2_500
  return { units, body: card.kind === 'sessions' ? { sessions: units } : { amountFen: units } }
}

const redeem = (stage: Stage, act: Act, card: Card): Job => {
  const shop = shopOf(stage, card)
  const { units, body } = unitsWanted(card, act.how)
  const code = card.code
  card.code = undefined
  return {
    person: shop.cashier, call: post('/redemptions', shop.cashier, { code, venueId: shop.venueId, ...body }),
    settle: ({ status, body }) => {
      if (status === 201) card.uses.set(body.id, { id: body.id, amountFen: body.releasedFen, units, isVoided: false, isObjected: false })
      // A code is shown to one cashier only, so whoever used it was this very request.
      else if (body.code === 'code_used') stage.wrongs.push(`a redemption of ${card.id} has used its code, and its key does not know it`)
      else if (body.code === 'no_sessions_left' && units === 1) card.isOver = true
    }
  }
}

export const door: Deal = (stage, act) => {
  const card = at(mine(stage, act).filter(isUsable), act.which)
  if (!card) return purchase(stage, act)
  return card.code === undefined ? showCode(stage, act, card) : redeem(stage, act, card)
}

// ---- buying

const agree = (stage: Stage, act: Act): Job => {
  const person = me(stage, act)
  const shop = act.which % stage.cast.shops.length
  const { id: productId, kind, priceFen } = at((stage.cast.shops[shop] as Shop).products, act.how) as Product
  return {
    person, call: post('/contracts', person, { productId }),
    settle: ({ status, body }) => {
      if (status !== 201) return
      const card = newCard({ id: body.id, holder: act.lane as number, shop, kind, priceFen })
      stage.model.cards.set(card.id, card)
      mine(stage, act).push(card)
    }
  }
}

const asked = async ({ client }: Stage, service: number, person: Person, contractId: string): Promise<object | undefined> => {
  const challenge = await client.ask(service, { method: 'POST', path: '/auth/challenges', token: person.token, body: { phone: person.phone, purpose: 'sign_contract', contractId } }, tries)
  if (challenge?.reply.status !== 201) return undefined
  const code = await codeFor(client, service, person.phone).catch(() => undefined)
  return code === undefined ? undefined : { challengeId: challenge.reply.body.challengeId, code }
}

const sign = async (stage: Stage, act: Act, card: Card): Promise<Job | undefined> => {
  const person = me(stage, act)
  const proof = await asked(stage, act.service, person, card.id)
  return proof && {
    person, call: post(`/contracts/${card.id}/signature`, person, { ...proof, acceptArbitration: act.how % 2 === 0 }),
    settle: async ({ status }, wasLost) => {
      if (status === 200) card.stage = 'signed'
      else if (wasLost) card.stage = (await read(stage, `/contracts/${card.id}`, person, act.service))?.status === 'awaiting_payment' ? 'signed' : card.stage
    }
  }
}

const order = (stage: Stage, act: Act, card: Card): Job => ({
  person: me(stage, act), call: post(`/contracts/${card.id}/payments`, me(stage, act), { channel: 'sandbox' }),
  settle: ({ status, body }) => {
    if (isRefused(status)) return
    card.orders.push(body.id)
    if (card.stage === 'signed') card.stage = 'ordered'
  }
})

const payOrder = (stage: Stage, act: Act, card: Card, orderId: string, body: object = {}): Job => ({
  // The payer pays at the channel, which knows no key of ours: whoever asks twice has paid twice.
  isRepeatable: false,
  call: { method: 'POST', path: `/sandbox/payments/${orderId}/pay`, body: { outcome: act.how % 9 === 0 ? 'failure' : 'success', repeat: 1 + Number(act.how % 5 === 0) * 2, ...body } },
  settle: ({ status, body }) => {
    if (status !== 200) return
    if (body.purpose !== null) stage.model.transactions.set(body.transactionId, { id: body.transactionId, orderId })
    if (body.purpose === 'deposit') card.stage = 'paid'
  }
})

/** Paid or not: the channel may have said so meanwhile. */
const lookAgain = async (stage: Stage, act: Act, card: Card): Promise<boolean> => {
  const found = await read(stage, `/contracts/${card.id}`, me(stage, act), act.service)
  if (found === undefined || found.status === 'awaiting_payment') return false
  card.stage = found.status === 'cancelled' ? 'cancelled' : 'paid'
  return true
}

export const purchase: Deal = async (stage, act) => {
  const cards = mine(stage, act)
  const card = cards.find(({ stage }) => stage === 'agreed' || stage === 'signed' || stage === 'ordered')
  if (!card) return cards.filter(isUsable).length >= 5 ? door(stage, act) : agree(stage, act)
  if (card.stage === 'agreed') return sign(stage, act, card)
  if (card.stage === 'signed') return order(stage, act, card)
  if (await lookAgain(stage, act, card)) return door(stage, act)
  return payOrder(stage, act, card, card.orders.at(-1) as string, act.how % 13 === 0 ? { amountFen: card.priceFen + 1 } : {})
}

/** Money nobody asked for: an order that was paid or closed is paid once more. */
export const payAgain: Deal = (stage, act) => {
  const card = at(mine(stage, act).filter(({ orders, stage }) => orders.length > 0 && stage !== 'ordered'), act.which)
  return card && payOrder(stage, act, card, at(card.orders, act.how) as string)
}

export const cancel: Deal = (stage, act) => {
  const person = me(stage, act)
  const card = at(mine(stage, act).filter(({ stage }) => stage === 'agreed' || stage === 'signed' || stage === 'ordered'), act.which)
  return card && {
    person, call: post(`/contracts/${card.id}/cancel`, person),
    settle: async ({ status }, wasLost) => {
      if (status === 200 || (wasLost && (await read(stage, `/contracts/${card.id}`, person, act.service))?.status === 'cancelled')) card.stage = 'cancelled'
    }
  }
}

export const reactivate: Deal = (stage, act) => {
  const card = at(mine(stage, act).filter(({ stage, isOver }) => stage === 'paid' && isOver), act.which)
  return card && {
    person: me(stage, act), call: post(`/contracts/${card.id}/reactivate`, me(stage, act)),
    settle: ({ status }) => { if (status === 200) card.isOver = false }
  }
}

export const signInAgain: Deal = async (stage, act) => {
  const person = me(stage, act)
  const granted = await trySignIn(stage.client, act.service, person, tries)
  if (granted) person.token = granted.token
  return { person, call: { method: 'GET', path: '/me', token: person.token }, settle: () => undefined }
}

// ---- saying no to a use

const usesOf = (cards: readonly Card[], is: (use: Use) => boolean): { card: Card; use: Use }[] =>
  cards.flatMap((card) => [...card.uses.values()].slice(-20).filter((use) => !use.isVoided && is(use)).map((use) => ({ card, use })))

export const object: Deal = (stage, act) => {
  const target = at(usesOf(mine(stage, act), ({ isObjected }) => !isObjected).reverse(), act.which % 7)
  return target && {
    person: me(stage, act), call: post(`/redemptions/${target.use.id}/objection`, me(stage, act), { reason: '没有上课' }),
    settle: ({ status }) => {
      if (status !== 200) return
      target.use.isObjected = true
      target.card.isPlain = false
    }
  }
}

export const withdraw: Deal = (stage, act) => {
  const person = me(stage, act)
  const target = at(usesOf(mine(stage, act), ({ isObjected }) => isObjected), act.which)
  return target && {
    person, call: post(`/redemptions/${target.use.id}/objection/withdraw`, person),
    settle: async ({ status }, wasLost) => {
      if (status === 200 || (wasLost && (await read(stage, `/redemptions/${target.use.id}`, person, act.service))?.status === 'pending')) target.use.isObjected = false
    }
  }
}

// ---- leaving

const reasons = ['cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure'] as const

export const leave: Deal = async (stage, act) => {
  const person = me(stage, act)
  const card = at(mine(stage, act).filter(({ stage }) => stage === 'paid'), act.which)
  if (!card) return undefined
  const reason = at(reasons, act.how)
  const quoted = await stage.client.ask(act.service, post(`/contracts/${card.id}/refund-quotes`, person, { reason, ...(reason === 'mutual' ? { agreedFen: act.how % 1_000 } : {}) }), tries)
  if (quoted?.reply.status !== 201) return undefined
  return {
    person, call: post(`/contracts/${card.id}/refunds`, person, { quoteId: quoted.reply.body.id }),
    settle: ({ status, body }) => {
      if (status === 201) card.refunds.set(body.id, { id: body.id, status: body.status, refundFen: 0, isApproved: false })
    }
  }
}

export const handOverCard: Deal = (stage, act) => {
  const person = me(stage, act)
  const card = at(mine(stage, act).filter(isUsable), act.which)
  const to = act.how % stage.cast.consumers.length
  return card && {
    person, call: post(`/contracts/${card.id}/transfers`, person, { phone: (stage.cast.consumers[to] as Person).phone, confirmsReleases: true }),
    settle: ({ status, body }) => { if (status === 201) stage.model.offers.push({ id: body.id, card, to, isOpen: true }) }
  }
}

export const takeOver: Deal = async (stage, act) => {
  const person = me(stage, act)
  const offer = stage.model.offers.find(({ to, isOpen }) => isOpen && to === act.lane)
  if (!offer) return undefined
  if (act.how % 4 === 0) {
    return { person, call: post(`/transfers/${offer.id}/decline`, person), settle: ({ status }) => { if (status === 200) offer.isOpen = false } }
  }
  const proof = await asked(stage, act.service, person, offer.card.id)
  if (!proof) return undefined
  return {
    person, call: post(`/transfers/${offer.id}/accept`, person, proof),
    settle: async ({ status, body }, wasLost) => {
      const isMine = status === 200 || (wasLost && (await read(stage, `/transfers/${offer.id}`, person, act.service))?.status === 'accepted')
      if (isMine) handOver(stage.model, offer.card, act.lane as number)
      if (isMine || body.code === 'wrong_state' || body.code === 'not_found') offer.isOpen = false
    }
  }
}

const shanghai = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10)

export const pause: Deal = async (stage, act) => {
  const person = me(stage, act)
  const card = at(mine(stage, act).filter((card) => isUsable(card) && card.kind === 'period'), act.which)
  if (!card) return undefined
  const clock = await read(stage, '/sandbox/clock', person, act.service)
  if (!clock) return undefined
  const from = Date.parse(clock.now) + 86_400_000 * (1 + act.how % 3)
  return {
    person, call: post(`/contracts/${card.id}/pauses`, person, { ground: 'health', startsOn: shanghai(from), endsOn: shanghai(from + 86_400_000 * (act.how % 5)) }),
    settle: ({ status, body }) => { if (status === 201) card.pauses.set(body.id, { id: body.id, status: body.status }) }
  }
}
