import { dateOf } from '../kernel/calendar.js'
import { yuan, type Fen } from '../kernel/money.js'
import { amountInWords } from './amount-in-words.js'

/** `¥1,280.00（人民币壹仟贰佰捌拾元整）` */
export const money = (fen: Fen): string => `${yuan(fen)}（${amountInWords(fen)}）`

/** A business date as documents write it: `2026年5月4日`. */
export const day = (date: string): string => {
  const [year, month, dayOfMonth] = date.split('-').map(Number)
  return `${year}年${month}月${dayOfMonth}日`
}

/** The business date of an instant. */
export const dayOf = (at: Date): string => day(dateOf(at))

const clockOf = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(11, 19)

/** An instant to the second, Beijing time: `2026-05-04 09:30:00`. */
export const momentOf = (at: Date): string => `${dateOf(at)} ${clockOf(at)}`

/** A person as a document names them. */
export type NamedPerson = Readonly<{ legalName: string; idNumber: string }>
/** A merchant as a document names it. */
export type NamedMerchant = Readonly<{ name: string; creditCode: string }>

export const personText = ({ legalName, idNumber }: NamedPerson): string => `${legalName}，公民身份号码 ${idNumber}`
export const merchantText = ({ name, creditCode }: NamedMerchant): string => `${name}，统一社会信用代码 ${creditCode}`

/** What a document of the office says of itself: its number, where it can be checked, and when it was made. */
export type Issue = Readonly<{ number: string; url: string; officeName: string; at: Date }>

export const checkText = (number: string): string => [
  `扫描二维码或者访问所示网址，可以查验本文书（编号 ${number}）的状态与存证信息；查验页不显示任何个人信息。`,
  '本文书由公证处以电子签名签署并附可信时间戳，可用通用 PDF 阅读器查验；任何改动均会使签名失效。'
].join('\n')
