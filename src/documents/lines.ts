import { widthOf } from './font.js'

/*
 * Where lines of Chinese may break: between any two characters, but never before a closing mark or
 * after an opening one (避头尾), and not inside a number, a word or an id unless it is longer than a line.
 */

const pieces = /[（〔《〈「『【“‘]*(?:[\u0021-\u007e\u00a5]+|[^])[）〕》〉」』】”’，。、；：？！…—·]*[ \u3000]*/gu

const lettersOf = (piece: string): string[] => [...piece]

/** A line, and how far it falls short of the width it was set for, in thousandths of its size. */
export type Line = Readonly<{ text: string; restWidth: number; isLast: boolean }>

type Setting = Readonly<{ lines: string[]; line: string; width: number }>

/** Breaks one paragraph of settable text. `width` and `firstWidth` in thousandths of its size. */
export const linesOf = (text: string, width: number, firstWidth = width): Line[] => {
  const limitAt = (index: number): number => (index === 0 ? firstWidth : width)
  const add = ({ lines, line, width: used }: Setting, piece: string): Setting => {
    const pieceWidth = widthOf(piece)
    if (used + widthOf(piece.trimEnd()) <= limitAt(lines.length)) return { lines, line: line + piece, width: used + pieceWidth }
    if (pieceWidth > width && piece.length > 1) return lettersOf(piece).reduce(add, { lines, line, width: used })
    return line === '' ? { lines, line: piece, width: pieceWidth } : { lines: [...lines, line], line: piece, width: pieceWidth }
  }
  const set = (text.match(pieces) ?? []).reduce(add, { lines: [], line: '', width: 0 })
  const all = [...set.lines, set.line].map((line) => line.trimEnd())
  return all.map((line, i) => ({ text: line, restWidth: limitAt(i) - widthOf(line), isLast: i === all.length - 1 }))
}
