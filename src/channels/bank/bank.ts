import type { Fen } from '../../kernel/money.js'

/*
 * The bank that keeps the office's special account, as settlement sees it. An adapter is one folder
 * beside this file and is handed in by the composition root; the sandbox's is in src/sandbox/bank.
 */

export type BankAccount = Readonly<{
  bankName: string
  accountName: string
  accountNumber: string
  /** the branch's number in the People's Bank's payment system (联行号), where it is known */
  cnapsCode?: string | undefined
}>

export type PayoutOrder = Readonly<{
  /** Names the order for good: the bank executes one key once, however often it is sent. */
  key: string
  from: BankAccount
  to: BankAccount
  /** what the payee gets, in fen */
  amountFen: Fen
  /** what the bank moves to the office's own account together with a payout it makes, in fen */
  feeFen: Fen
  /** our own id of the payee */
  payeeId: string
  /** what the payee reads on the statement; at most 140 characters */
  remittance: string
}>

/**
 * What the bank says of an order. `paid` and `returned` are final. `submitted`: it has the order and
 * has not decided. `unknown`: it may have it; nobody knows whether it pays, so it is asked again.
 */
export type PayoutAnswer = Readonly<{
  outcome: 'paid' | 'returned' | 'submitted' | 'unknown'
  /** the bank's own number, where it has given one */
  reference: string | null
  /** why it was returned */
  reason?: string | undefined
}>

/** Money of a payout that the bank had said to be paid, back on the special account. */
export type ReturnedPayout = Readonly<{ key: string; reference: string; reason: string }>

export type Bank = Readonly<{
  /**
   * Sends an order; sending it again changes nothing. Throws only where the bank surely did not get
   * it. Within 15 s: four after one another must fit into the time for which their delivery is kept
   * from other processes.
   */
  pay: (order: PayoutOrder) => Promise<PayoutAnswer>
  /** Asks for an order's outcome; undefined where the bank never got it. */
  query: (key: string) => Promise<PayoutAnswer | undefined>
}>
