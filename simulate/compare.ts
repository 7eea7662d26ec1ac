import { releasedFen, usedUnits, type Card, type Model } from './model.js'
import type { Cast } from './people.js'
import { isCommitted, type ContractRow, type Snapshot } from './snapshot.js'

/*
 * What was acknowledged against what is there: each acknowledged act exactly once, none that was
 * not, and the money of each card as its acts add up. What the service did by itself, on a deadline,
 * is known by its reason and left to the invariants.
 */

const requested = new Set(['cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure'])

/** Differences of two sets by id. */
const differ = (what: string, acknowledged: Iterable<string>, there: Iterable<string>): string[] => {
  const [told, found] = [new Set(acknowledged), [...there]]
  const counts = new Map<string, number>()
  for (const id of found) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [
    ...[...told].filter((id) => !counts.has(id)).map((id) => `${what} ${id} was acknowledged and is lost`),
    ...[...counts].filter(([id]) => !told.has(id)).map(([id]) => `${what} ${id} is there and nobody was told`),
    ...[...counts].filter(([, times]) => times > 1).map(([id, times]) => `${what} ${id} is there ${times} times`)
  ]
}

const total = <Item>(items: Iterable<Item>, of: (item: Item) => number): number => {
  let sum = 0
  for (const item of items) sum += of(item)
  return sum
}

const compareUses = ({ cards }: Model, { uses }: Snapshot): string[] => {
  const told = new Map([...cards.values()].flatMap((card) => [...card.uses.values()].map((use) => [use.id, { card, use }] as const)))
  return [
    ...differ('redemption', told.keys(), uses.map(({ id }) => id)),
    ...uses.flatMap(({ id, contract, state, amount, units }) => {
      const known = told.get(id)
      if (!known) return []
      const { card, use } = known
      return [
        ...(card.id === contract ? [] : [`redemption ${id} is of ${contract} and was of ${card.id}`]),
        // A dispute that freezes a part of it, or an award that reduces it, leaves the rest.
        ...(use.units === units && (card.isPlain ? use.amountFen === amount : use.amountFen >= amount) ? [] : [`redemption ${id} is ${units} for ${amount} fen and was acknowledged as ${use.units} for ${use.amountFen}`]),
        // Units that an award gave back whole are voided by it.
        ...(use.isVoided && state !== 'voided' ? [`redemption ${id} is ${state}, and its void was acknowledged`] : []),
        ...(!use.isVoided && state === 'voided' && card.isPlain ? [`redemption ${id} is voided, and nobody was told`] : [])
      ]
    })
  ]
}

const compareMoney = (card: Card, row: ContractRow): string[] => {
  const { id, kind, priceFen, stage, isPlain } = card
  const wrong = (what: string, is: number, shouldBe: number) => (is === shouldBe ? [] : [`${id} (${kind}, ${row.status}): ${what} is ${is} fen and should be ${shouldBe}`])
  if (stage === 'paid' && row.paid !== priceFen) return wrong('paid', row.paid, priceFen)
  if (row.paid === 0) return wrong('held', row.held, 0)
  const sum = row.held + row.disputed + row.pending + row.released + row.refunded
  const whole = wrong('the sum of its parts', sum, row.paid)
  if (!isPlain || kind === 'period' || row.frozen !== null || row.refunded > 0) return whole
  return [
    ...whole,
    ...wrong('pending and released', row.pending + row.released, releasedFen(card)),
    ...wrong('held', row.held, priceFen - releasedFen(card)),
    ...(row.used === usedUnits(card) ? [] : [`${id}: ${row.used} units are used, and ${usedUnits(card)} were acknowledged`])
  ]
}

const compareCards = ({ cards }: Model, { consumers }: Cast, { contracts }: Snapshot): string[] => {
  const rows = new Map(contracts.map((row) => [row.id, row]))
  return [
    ...differ('contract', cards.keys(), rows.keys()),
    ...[...cards.values()].flatMap((card) => {
      const row = rows.get(card.id)
      if (!row) return []
      const holder = consumers[card.holder]?.userId
      return [
        ...(row.holder === holder ? [] : [`${card.id} is held by ${row.holder} and was ${holder}'s`]),
        ...(card.stage === 'cancelled' && row.status !== 'cancelled' ? [`${card.id} is ${row.status}, and its end was acknowledged`] : []),
        ...compareMoney(card, row)
      ]
    })
  ]
}

const compareRefunds = ({ cards }: Model, { refunds }: Snapshot): string[] => {
  const told = new Map([...cards.values()].flatMap((card) => [...card.refunds]))
  const asked = refunds.filter(({ purpose, reason }) => purpose === 'principal' && requested.has(reason))
  return [
    ...differ('refund', told.keys(), asked.map(({ id }) => id)),
    ...asked.flatMap(({ id, status, amount }) => {
      const refund = told.get(id)
      if (!refund) return []
      if (refund.isApproved !== isCommitted(status)) return [`refund ${id} is ${status}, and its approval was ${refund.isApproved ? '' : 'not '}acknowledged`]
      return refund.isApproved && refund.refundFen !== amount ? [`refund ${id} is of ${amount} fen and was approved for ${refund.refundFen}`] : []
    })
  ]
}

const compareCases = ({ cards }: Model, { cases }: Snapshot): string[] => {
  const told = new Map([...cards.values()].flatMap((card) => [...card.cases]))
  // An objection that nobody answers becomes a case by itself; it is about one redemption.
  const asked = cases.filter(({ id, about, claimant }) => told.has(id) || about !== 1 || claimant !== 'consumer')
  return [
    ...differ('dispute', told.keys(), asked.map(({ id }) => id)),
    ...cases.flatMap(({ id, executed }) => (told.get(id)?.isExecuted && !executed ? [`dispute ${id} is not executed, and it was acknowledged`] : []))
  ]
}

const compareSettlements = ({ settlements }: Model, snapshot: Snapshot): string[] => {
  const statuses = new Map(snapshot.settlements.map(({ id, status }) => [id, status]))
  const orders = new Map(snapshot.bankOrders.map((order) => [order.key, order]))
  const paidItems = snapshot.items.filter(({ status }) => status === 'paid')
  return [
    ...differ('settlement', settlements.keys(), statuses.keys()),
    ...[...settlements.values()].flatMap(({ id, status }) => {
      const is = statuses.get(id) ?? ''
      const isRight = status === 'approved' ? ['approved', 'submitted', 'completed'].includes(is) : is === status
      return is === '' || isRight ? [] : [`settlement ${id} is ${is}, and was acknowledged as ${status}`]
    }),
    // What the bank has paid, and what the books say of it. One that came back is returned in the books.
    ...paidItems.flatMap(({ id, net, fee }) => {
      const order = orders.get(id)
      return order?.outcome === 'paid' && order.amount === net && order.fee === fee ? [] : [`payout ${id} of ${net} and ${fee} fen is paid in the books, and at the bank ${JSON.stringify(order)}`]
    })
  ]
}

const compareOutside = ({ transactions }: Model, snapshot: Snapshot): string[] => {
  const received = new Map(snapshot.receipts.map((receipt) => [receipt.id, receipt]))
  const made = new Map(snapshot.transactions.map((transaction) => [transaction.id, transaction]))
  const paidBack = new Map<string, number>()
  const sentBack = new Map<string, number>()
  for (const { order, amount } of snapshot.channelRefunds) paidBack.set(order, (paidBack.get(order) ?? 0) + amount)
  // A refund of nothing is paid in the books, and the channel is not asked.
  for (const { payment, amount, status } of snapshot.refunds) if (status === 'paid' && amount > 0) sentBack.set(payment, (sentBack.get(payment) ?? 0) + amount)
  const channelFen = total(snapshot.transactions, ({ amount }) => amount) - total(snapshot.channelRefunds, ({ amount }) => amount)
  const ledgerFen = (kind: string): number => snapshot.ledger[kind] ?? 0
  return [
    ...differ('payment', made.keys(), received.keys()),
    ...[...transactions.keys()].filter((id) => !made.has(id)).map((id) => `payment ${id} was acknowledged and the channel does not know it`),
    ...[...made.values()].flatMap(({ id, amount }) => (received.get(id)?.amount === amount ? [] : [`payment ${id} of ${amount} fen is booked as ${received.get(id)?.amount}`])),
    ...[...new Set([...paidBack.keys(), ...sentBack.keys()])].flatMap((order) =>
      (paidBack.get(order) === sentBack.get(order) ? [] : [`of order ${order} the channel has paid back ${paidBack.get(order)} fen, and the books say ${sentBack.get(order)}`])),
    ...(ledgerFen('bank') === snapshot.bankFen ? [] : [`the ledger's bank account is ${ledgerFen('bank')} fen, and the bank's own book ${snapshot.bankFen}`]),
    ...(ledgerFen('clearing') === 0 ? [] : [`the channel has settled everything, and the ledger still expects ${ledgerFen('clearing')} fen of it`]),
    ...(channelFen < 0 ? [`the channel has paid back more than it got, by ${-channelFen} fen`] : [])
  ]
}

/** Everything that is not as it was acknowledged. */
export const compare = (model: Model, cast: Cast, snapshot: Snapshot): string[] => [
  ...compareCards(model, cast, snapshot),
  ...compareUses(model, snapshot),
  ...compareRefunds(model, snapshot),
  ...compareCases(model, snapshot),
  ...compareSettlements(model, snapshot),
  ...compareOutside(model, snapshot),
  ...snapshot.lateDeadlines.map((deadline) => `a deadline fails again and again: ${JSON.stringify(deadline)}`)
]

/** What the next acts choose by: which cards are of no more use, what became of payments nobody answered for. */
export const takeNote = (model: Model, snapshot: Snapshot): void => {
  for (const { id, status, frozen, paid } of snapshot.contracts) {
    const card = model.cards.get(id)
    if (!card) continue
    if (paid > 0) card.stage = 'paid'
    else if (status === 'cancelled') card.stage = 'cancelled'
    card.isOver = card.stage === 'paid' && (status !== 'active' || frozen !== null)
  }
  const open = new Set(snapshot.transfersOfCards.filter(({ status }) => status === 'offered').map(({ id }) => id))
  for (const offer of model.offers) offer.isOpen = open.has(offer.id)
  for (const card of model.cards.values()) {
    for (const row of snapshot.cases) if (row.contract === card.id) { const found = card.cases.get(row.id); if (found) found.stage = row.stage; card.isPlain = false }
  }
  const refunds = new Map(snapshot.refunds.map(({ id, status }) => [id, status]))
  for (const card of model.cards.values()) for (const refund of card.refunds.values()) refund.status = refunds.get(refund.id) ?? refund.status
}
