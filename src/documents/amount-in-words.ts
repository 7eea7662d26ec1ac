import type { Fen } from '../kernel/money.js'

/*
 * 人民币大写: an amount in the numerals that Chinese contracts use, because they cannot be altered
 * by a stroke.
 */

const digits = '零壹贰叁肆伍陆柒捌玖'
const places = ['', '拾', '佰', '仟']
const groups = ['', '万', '亿', '万亿']

const fourDigits = (group: number): string => {
  let text = ''
  let gap = false
  for (let place = 3; place >= 0; place--) {
    const digit = Math.floor(group / 10 ** place) % 10
    if (digit === 0) {
      gap = text !== ''
      continue
    }
    text += `${gap ? '零' : ''}${digits[digit]}${places[place]}`
    gap = false
  }
  return text
}

const wholeYuan = (whole: bigint): string => {
  let text = ''
  let gap = false
  for (let i = groups.length - 1; i >= 0; i--) {
    const group = Number((whole / 10_000n ** BigInt(i)) % 10_000n)
    if (group === 0) {
      gap = text !== ''
      continue
    }
    text += `${text !== '' && (gap || group < 1_000) ? '零' : ''}${fourDigits(group)}${groups[i]}`
    gap = false
  }
  return text
}

const parts = (jiao: number, fen: number, afterYuan: boolean): string => {
  if (jiao === 0 && fen === 0) return '整'
  const jiaoText = jiao > 0 ? `${digits[jiao]}角` : afterYuan ? '零' : ''
  return `${jiaoText}${fen > 0 ? `${digits[fen]}分` : '整'}`
}

/** 128000 fen: `人民币壹仟贰佰捌拾元整`. For amounts of 0 or more. */
export const amountInWords = (fen: Fen): string => {
  const whole = wholeYuan(fen / 100n)
  const rest = Number(fen % 100n)
  if (whole === '' && rest === 0) return '人民币零元整'
  return `人民币${whole === '' ? '' : `${whole}元`}${parts(Math.floor(rest / 10), rest % 10, whole !== '')}`
}
