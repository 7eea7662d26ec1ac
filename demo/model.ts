import type { Person } from './people.js'

/** What the chapters hand on to each other. */

/** A card as it is listed; `short` is what it is called in a table. */
export type Card = Readonly<{ id: string; name: string; short: string; english: string; priceFen: number }>

export type Pool = Readonly<{
  id: string
  name: string
  venueId: string
  owner: Person
  cashier: Person
  cards: Readonly<{ swims: Card; lessons: Card; year: Card; stored: Card }>
}>

export type Buyer = Readonly<{ name: string; phone: string; idNumber: string }>
export type Bought = Readonly<{ consumer: Person; contractId: string; card: Card }>

/** The four cards of the story. */
export type Sold = Readonly<{ swims: Bought; lessons: Bought; year: Bought; stored: Bought }>
