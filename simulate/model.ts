import type { Cast } from './people.js'

/*
 * What the people of a run were told, kept outside of the service: nothing in here was computed by
 * it, and nothing of it is shown to it. An act counts once its answer has come; one whose answer was
 * lost is asked for again after the storm, so that after every storm there is nothing unknown.
 */

export type Use = {
  id: string
  amountFen: number
  units: number
  isVoided: boolean
  isObjected: boolean
}

export type Refund = { id: string; status: string; refundFen: number; isApproved: boolean }

export type Case = { id: string; card: Card; stage: string; offers: { id: string; side: string }[]; proposals: string[]; assignments: number; frozenFen: number; isAwarded: boolean; isExecuted: boolean }

export type Pause = { id: string; status: string }

export type Card = {
  id: string
  holder: number
  shop: number
  kind: 'sessions' | 'stored_value' | 'period'
  priceFen: number
  stage: 'agreed' | 'signed' | 'ordered' | 'paid' | 'cancelled'
  /** as it was found after the last storm: nothing more can be done at the door */
  isOver: boolean
  orders: string[]
  code: string | undefined
  uses: Map<string, Use>
  refunds: Map<string, Refund>
  cases: Map<string, Case>
  pauses: Map<string, Pause>
  /** nothing but redemptions and voids ever moved its money */
  isPlain: boolean
}

export type Offer = { id: string; card: Card; to: number; isOpen: boolean }

export type Item = { id: string; merchantId: string }

export type Settlement = { id: string; items: Item[]; status: 'draft' | 'approved' | 'cancelled'; maker: number }

/** A payment that a payer was told is made. */
export type Transaction = Readonly<{ id: string; orderId: string }>

export type Model = Readonly<{
  cards: Map<string, Card>
  /** each consumer's own, in the order they came to be hers */
  wallets: Card[][]
  offers: Offer[]
  settlements: Map<string, Settlement>
  transactions: Map<string, Transaction>
}>


export const newCard = (more: Pick<Card, 'id' | 'holder' | 'shop' | 'kind' | 'priceFen'>): Card =>
  ({ ...more, stage: 'agreed', isOver: false, orders: [], code: undefined, uses: new Map(), refunds: new Map(), cases: new Map(), pauses: new Map(), isPlain: true })

/** What is known when the curtain rises. */
export const newModel = ({ consumers, sold }: Pick<Cast, 'consumers' | 'sold'>): Model => {
  const model: Model = { cards: new Map(), wallets: consumers.map(() => []), offers: [], settlements: new Map(), transactions: new Map() }
  for (const { orderId, transactionId, ...card } of sold) {
    const mine: Card = { ...newCard(card), stage: 'paid', orders: [orderId] }
    model.cards.set(mine.id, mine)
    model.wallets[mine.holder]?.push(mine)
    model.transactions.set(transactionId, { id: transactionId, orderId })
  }
  return model
}

export const handOver = ({ wallets }: Model, card: Card, to: number): void => {
  const from = wallets[card.holder] as Card[]
  if (card.holder === to) return
  from.splice(from.indexOf(card), 1)
  wallets[to]?.push(card)
  card.holder = to
  card.code = undefined
}

export const isUsable = ({ stage, isOver }: Card): boolean => stage === 'paid' && !isOver

/** What stands released of a card by check-ins. */
export const releasedFen = ({ uses }: Card): number => [...uses.values()].reduce((sum, { isVoided, amountFen }) => sum + (isVoided ? 0 : amountFen), 0)

export const usedUnits = ({ uses }: Card): number => [...uses.values()].reduce((sum, { isVoided, units }) => sum + (isVoided ? 0 : units), 0)
