import { XMLBuilder } from 'fast-xml-parser'
import { addDays, startOf, type BusinessDate } from '../../kernel/calendar.js'
import type { BookEntry } from './model.js'

/*
 * A day's statement of one account as ISO 20022 camt.053.001.08. Elements stand in the order of the
 * schema; texts are cut to its lengths.
 */

export type Statement = Readonly<{
  account: Readonly<{ bankName: string; accountName: string; accountNumber: string }>
  date: BusinessDate
  openingFen: bigint
  entries: readonly BookEntry[]
  createdAt: Date
}>

const namespace = 'urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'

const cut = (text: string, max: number): string => Array.from(text).slice(0, max).join('')

/** Absolute value, in yuan with two decimals, and its currency. */
const amountOf = (fen: bigint) => {
  const abs = fen < 0n ? -fen : fen
  return { '@Ccy': 'CNY', '#': `${abs / 100n}.${(abs % 100n).toString().padStart(2, '0')}` }
}

const sideOf = (fen: bigint) => (fen < 0n ? 'DBIT' : 'CRDT')

const balance = (code: 'OPBD' | 'CLBD', fen: bigint, date: BusinessDate) => ({
  Tp: { CdOrPrtry: { Cd: code } },
  Amt: amountOf(fen),
  CdtDbtInd: sideOf(fen),
  Dt: { Dt: date }
})

/** ISO 20022 external codes: payments, received or issued credit transfers, domestic. */
const transactionCode = (side: BookEntry['side']) => ({
  Domn: { Cd: 'PMNT', Fmly: { Cd: side === 'CRDT' ? 'RCDT' : 'ICDT', SubFmlyCd: 'DMCT' } }
})

const entry = ({ sequence, reference, side, amountFen, counterparty, remittance }: BookEntry, date: BusinessDate) => {
  const party = { Pty: { Nm: cut(counterparty, 140) } }
  return {
    NtryRef: String(sequence),
    Amt: amountOf(amountFen),
    CdtDbtInd: side,
    Sts: { Cd: 'BOOK' },
    BookgDt: { Dt: date },
    ValDt: { Dt: date },
    AcctSvcrRef: `SBX${sequence}`,
    BkTxCd: transactionCode(side),
    NtryDtls: {
      TxDtls: {
        Refs: { EndToEndId: cut(reference, 35) },
        Amt: amountOf(amountFen),
        CdtDbtInd: side,
        RltdPties: side === 'CRDT' ? { Dbtr: party } : { Cdtr: party },
        RmtInf: { Ustrd: cut(remittance, 140) }
      }
    }
  }
}

const signed = ({ side, amountFen }: BookEntry): bigint => (side === 'CRDT' ? amountFen : -amountFen)

/** The statement as XML: `closing = opening + credits − debits`. The same day and book give the same id. */
export const statementXml = ({ account, date, openingFen, entries, createdAt }: Statement): string => {
  const closingFen = entries.reduce((sum, line) => sum + signed(line), openingFen)
  const id = cut(`${account.accountNumber}-${date}`, 35)
  const document = {
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    Document: {
      '@xmlns': namespace,
      BkToCstmrStmt: {
        GrpHdr: { MsgId: id, CreDtTm: createdAt.toISOString() },
        Stmt: {
          Id: id,
          CreDtTm: createdAt.toISOString(),
          FrToDt: { FrDtTm: startOf(date).toISOString(), ToDtTm: startOf(addDays(date, 1)).toISOString() },
          Acct: {
            Id: { Othr: { Id: cut(account.accountNumber, 34) } },
            Ccy: 'CNY',
            Nm: cut(account.accountName, 70),
            Svcr: { FinInstnId: { Nm: cut(account.bankName, 140) } }
          },
          Bal: [balance('OPBD', openingFen, date), balance('CLBD', closingFen, date)],
          Ntry: entries.map((line) => entry(line, date))
        }
      }
    }
  }
  return new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#', format: true }).build(document)
}
