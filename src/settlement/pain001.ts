import { XMLBuilder } from 'fast-xml-parser'
import type { BankAccount } from '../channels/bank/bank.js'
import { dateOf } from '../kernel/calendar.js'
import { decimal, sum } from '../kernel/money.js'
import type { SettlementItemId, SettlementRecord } from './model.js'
import { endToEndIdOf } from './rules.js'

/*
 * The payouts of one settlement as ISO 20022 pain.001.001.09, for a bank that takes orders as files.
 * Elements stand in the order of the schema; texts are cut to its lengths. Banks in China name an
 * account by its number (`Othr`) and a branch by its CNAPS code of twelve digits.
 */

export type PaymentFile = Readonly<{
  settlement: SettlementRecord
  approvedAt: Date
  from: BankAccount
  payouts: readonly Readonly<{ itemId: SettlementItemId; to: BankAccount; amountFen: bigint }>[]
}>

const namespace = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'

const control = /\p{Cc}/gu

/** A text of the schema's length, without characters that XML cannot say. */
const text = (value: string, max: number): string => Array.from(value.replace(control, ' ').trim()).slice(0, max).join('')

const agentOf = ({ bankName, cnapsCode }: BankAccount) => ({
  FinInstnId: {
    ...(cnapsCode ? { ClrSysMmbId: { ClrSysId: { Cd: 'CNAPS' }, MmbId: cnapsCode } } : {}),
    Nm: text(bankName, 140)
  }
})

const accountOf = ({ accountNumber }: BankAccount) => ({ Id: { Othr: { Id: text(accountNumber, 34) } }, Ccy: 'CNY' })

const transactionOf = (settlementId: string) => ({ itemId, to, amountFen }: PaymentFile['payouts'][number]) => ({
  PmtId: { InstrId: endToEndIdOf(itemId), EndToEndId: endToEndIdOf(itemId) },
  Amt: { InstdAmt: { '@Ccy': 'CNY', '#': decimal(amountFen) } },
  CdtrAgt: agentOf(to),
  Cdtr: { Nm: text(to.accountName, 140) },
  CdtrAcct: accountOf(to),
  RmtInf: { Ustrd: text(`预付费提存结算 ${settlementId}`, 140) }
})

/** The order as a file; the same settlement gives the same bytes. */
export const pain001Xml = ({ settlement: { id }, approvedAt, from, payouts }: PaymentFile): string => {
  const totals = { NbOfTxs: String(payouts.length), CtrlSum: decimal(sum(payouts.map(({ amountFen }) => amountFen))) }
  const messageId = endToEndIdOf(id)
  return new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#', format: true }).build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    Document: {
      '@xmlns': namespace,
      CstmrCdtTrfInitn: {
        GrpHdr: { MsgId: messageId, CreDtTm: approvedAt.toISOString(), ...totals, InitgPty: { Nm: text(from.accountName, 140) } },
        PmtInf: {
          PmtInfId: messageId,
          PmtMtd: 'TRF',
          BtchBookg: false,
          ...totals,
          ReqdExctnDt: { Dt: dateOf(approvedAt) },
          Dbtr: { Nm: text(from.accountName, 140) },
          DbtrAcct: accountOf(from),
          DbtrAgt: agentOf(from),
          ChrgBr: 'DEBT',
          CdtTrfTxInf: payouts.map(transactionOf(id))
        }
      }
    }
  })
}
