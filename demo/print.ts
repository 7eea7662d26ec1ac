/** Lines for a terminal, where a Chinese character is two columns wide. */

const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u

const widthOf = (text: string): number => Array.from(text).reduce((width, character) => width + (wide.test(character) ? 2 : 1), 0)

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text

/** Fen as yuan: `1,280.00`, `-58.18`. */
export const yuan = (fen: number): string => {
  const [whole = '', cents] = (Math.abs(fen) / 100).toFixed(2).split('.')
  return `${fen < 0 ? '-' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`
}

/** Fen as a change: `+1,280.00`. */
export const change = (fen: number): string => (fen > 0 ? `+${yuan(fen)}` : yuan(fen))

/** A column's side, and how wide it is at least. */
type Column = Readonly<{ side: 'left' | 'right'; width: number }>

export const left = (width = 0): Column => ({ side: 'left', width })
export const right = (width = 0): Column => ({ side: 'right', width })

/** Rows in columns, each as wide as its widest cell needs. */
export const table = (rows: readonly (readonly string[])[], columns: readonly Column[]): string[] => {
  const widths = columns.map(({ width }, column) => Math.max(width, ...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows.map((row) => row.map((cell, column) => (columns[column]?.side === 'right' ? padStart : padEnd)(cell, widths[column] ?? 0)).join('  ').trimEnd())
}

export const say = (line = ''): void => { process.stdout.write(`${line}\n`) }

export const ruler = (character: string, width = 92): string => character.repeat(width)
