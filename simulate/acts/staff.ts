import { randomUUID } from 'node:crypto'
import { signatureHeader, signatureOf } from '../../src/channels/sandbox/signature.js'
import { configOf, deriveKey } from '../../src/config.js'
import type { Card, Refund, Use } from '../model.js'
import type { Person, Shop } from '../people.js'
import { at, type Deal, type Job, type Stage } from '../stage.js'

/** What merchants, notaries and the bank do. */

const post = (path: string, person: Person, body?: object, key = randomUUID()): Job['call'] => ({ method: 'POST', path, token: person.token, key, body })

const read = async ({ client }: Stage, path: string, { token }: Person, service: number): Promise<any> => {
  const answered = await client.ask(service, { method: 'GET', path, token }, 6)
  return answered?.reply.status === 200 ? answered.reply.body : undefined
}

const shopOf = ({ cast }: Stage, { shop }: Card): Shop => cast.shops[shop] as Shop

/** Cards in the order they were last bought, newest first; a part of them, so that a choice costs the same in a long run. */
const recent = ({ model }: Stage, which: number): Card[] => {
  const cards = [...model.cards.values()].filter(({ stage }) => stage === 'paid')
  const from = cards.length <= 60 ? 0 : which % (cards.length - 59)
  return cards.slice(from, from + 60)
}

export const voidUse: Deal = (stage, act) => {
  const targets = recent(stage, act.which).flatMap((card) => [...card.uses.values()].slice(-2).filter(({ isVoided }) => !isVoided).map((use): { card: Card; use: Use } => ({ card, use })))
  const target = at(targets, act.how)
  if (!target) return undefined
  const { cashier } = shopOf(stage, target.card)
  return {
    person: cashier, call: post(`/redemptions/${target.use.id}/void`, cashier, { reason: '录入有误' }),
    settle: ({ status }) => { if (status === 200) { target.use.isVoided = true; target.use.isObjected = false } }
  }
}

const refundsOf = (stage: Stage, is: (refund: Refund) => boolean): { card: Card; refund: Refund }[] =>
  [...stage.model.cards.values()].flatMap((card) => [...card.refunds.values()].filter((refund) => !refund.isApproved && is(refund)).map((refund) => ({ card, refund })))

export const consent: Deal = (stage, act) => {
  const target = at(refundsOf(stage, ({ status }) => status === 'awaiting_consent'), act.which)
  if (!target) return undefined
  const { owner } = shopOf(stage, target.card)
  const path = `/refunds/${target.refund.id}`
  return {
    person: owner, call: act.how % 3 === 0 ? post(`${path}/decline`, owner, { reason: '已上课' }) : post(`${path}/accept`, owner),
    settle: async ({ status, body }) => {
      target.refund.status = (status === 200 ? body : await read(stage, path, owner, act.service))?.status ?? target.refund.status
    }
  }
}

export const approveRefund: Deal = (stage, act) => {
  const target = at(refundsOf(stage, ({ status }) => status === 'awaiting_approval'), act.which)
  const notary = stage.cast.notaries[act.how % 2] as Person
  return target && {
    person: notary, call: post(`/refunds/${target.refund.id}/approve`, notary),
    settle: async ({ status, body }) => {
      if (status === 200) {
        Object.assign(target.refund, { status: body.status, refundFen: body.refundFen, isApproved: true })
        target.card.isPlain = false
        target.card.isOver = true
      } else target.refund.status = (await read(stage, `/refunds/${target.refund.id}`, notary, act.service))?.status ?? target.refund.status
    }
  }
}

export const rejectRefund: Deal = (stage, act) => {
  const target = at(refundsOf(stage, ({ status }) => status === 'awaiting_approval'), act.which)
  const notary = stage.cast.notaries[act.how % 2] as Person
  return target && {
    person: notary, call: post(`/refunds/${target.refund.id}/reject`, notary, { reason: '材料不全' }),
    settle: async () => { target.refund.status = (await read(stage, `/refunds/${target.refund.id}`, notary, act.service))?.status ?? target.refund.status }
  }
}

export const refuseDeposit: Deal = (stage, act) => {
  const card = at(recent(stage, act.which).filter(({ uses, isOver }) => uses.size === 0 && !isOver), act.how)
  const [notary] = stage.cast.notaries
  return card && {
    person: notary, call: post(`/contracts/${card.id}/deposit/refuse`, notary, { reason: '材料不符' }),
    settle: ({ status }, wasLost) => { if (status === 200 || wasLost) { card.isOver = true; card.isPlain = false } }
  }
}

export const answerPause: Deal = (stage, act) => {
  const target = at([...stage.model.cards.values()].flatMap((card) => [...card.pauses.values()].filter(({ status }) => status === 'proposed').map((pause) => ({ card, pause }))), act.which)
  if (!target) return undefined
  const { owner } = shopOf(stage, target.card)
  return {
    person: owner, call: post(`/pauses/${target.pause.id}/${act.how % 4 === 0 ? 'decline' : 'accept'}`, owner),
    settle: () => { target.pause.status = 'answered' }
  }
}

export const draft: Deal = (stage, act) => {
  const maker = act.how % 2
  const notary = stage.cast.notaries[maker] as Person
  const merchantIds = act.how % 3 === 0 ? undefined : [(at(stage.cast.shops, act.which) as Shop).merchantId]
  return {
    person: notary, call: post('/settlements', notary, merchantIds ? { merchantIds } : {}),
    settle: ({ status, body }) => {
      if (status === 201) stage.model.settlements.set(body.id, { id: body.id, items: body.items.map(({ id, merchantId }: any) => ({ id, merchantId })), status: 'draft', maker })
    }
  }
}

const draftsOf = ({ model }: Stage) => [...model.settlements.values()].filter(({ status }) => status === 'draft')

export const approve: Deal = (stage, act) => {
  const settlement = at(draftsOf(stage), act.which)
  if (!settlement) return undefined
  // Now and then by the maker herself, who must be refused.
  const notary = stage.cast.notaries[act.how % 10 === 0 ? settlement.maker : 1 - settlement.maker] as Person
  return {
    person: notary, call: post(`/settlements/${settlement.id}/approve`, notary),
    settle: ({ status }) => {
      if (status !== 200) return
      settlement.status = 'approved'
      if (act.how % 10 === 0) stage.wrongs.push(`${settlement.id} was approved by its own maker`)
    }
  }
}

export const callOff: Deal = (stage, act) => {
  const settlement = at(draftsOf(stage), act.which)
  const [notary] = stage.cast.notaries
  return settlement && {
    person: notary, call: post(`/settlements/${settlement.id}/cancel`, notary),
    settle: async ({ status }, wasLost) => {
      if (status === 200 || (wasLost && (await read(stage, `/settlements/${settlement.id}`, notary, act.service))?.status === 'cancelled')) settlement.status = 'cancelled'
    }
  }
}

export const sendBack: Deal = (stage, act) => {
  const items = [...stage.model.settlements.values()].filter(({ status }) => status === 'approved').flatMap((settlement) => settlement.items)
  const item = at(items.slice(-20), act.which)
  return item && { call: { method: 'POST', path: '/sandbox/bank/returns', body: { itemId: item.id } }, settle: () => undefined }
}

const channelKey = deriveKey(configOf({ TICUN_MODE: 'sandbox' }).secret, 'sandbox channel')

/** The channel says again what it has said before, whatever it was and however long ago. */
export const repeatNotification: Deal = (stage, act) => {
  const told = at(stage.notifications, act.which)
  if (!told) return undefined
  const raw = Buffer.from(told.body)
  return {
    call: { method: 'POST', path: '/channels/sandbox/notifications', headers: { [signatureHeader]: signatureOf(channelKey, raw) }, body: { raw, type: 'application/json' } },
    settle: ({ status, body }) => { if (status >= 300) stage.wrongs.push(`a repeated notification was answered ${status} ${JSON.stringify(body)}: ${told.body}`) }
  }
}

const advances = [70, 600, 3_600, 3_600, 7_300, 30_000, 86_400, 100_000] as const

export const moveClock: Deal = (_, act) => ({
  isRepeatable: false,
  call: { method: 'POST', path: '/sandbox/clock', body: { advanceSeconds: at(advances, act.how) }, timeoutMs: 60_000 },
  settle: () => undefined
})
