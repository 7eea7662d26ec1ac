import * as fontkit from 'fontkit'
import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'

/*
 * The face that documents are set in: Noto Sans SC, which has every character of the national table
 * of standard characters (通用规范汉字表), whole CJK Unified Ideographs and Extension A. It is opened
 * once; a document embeds the glyphs it uses. Names may need more: the rare characters of the
 * extensions B to F, which GB 18030-2022 asks for at its highest level, come from Hanazono, in
 * slices that are opened when they are needed (assets/fonts/rare).
 *
 * Shaping is left out on purpose: a character is its glyph and its advance. Chinese needs no more,
 * a sheet is set in a tenth of the time, and the same text gives the same bytes whatever this
 * process has set before.
 */

type Glyph = Readonly<{ id: number; advanceWidth: number; codePoints: readonly number[] }>
type Position = { xAdvance: number; yAdvance: number; xOffset: number; yOffset: number }

/** A face as pdfkit takes it: a font of fontkit that lays out by itself. */
export type Face = Readonly<{
  layout: (text: string) => { glyphs: Glyph[]; positions: Position[]; advanceWidth: number }
}>

/** A face, opened, with what is asked of it again and again. */
type OpenFace = Readonly<{ name: string; face: Face; glyphOf: (codePoint: number) => Glyph | null; thousandths: number; ascent: number }>

const assets = new URL('../../assets/fonts/', import.meta.url)

const opened = (name: string, bytes: Buffer): OpenFace => {
  const font = fontkit.create(bytes)
  if (!('glyphForCodePoint' in font)) throw new Error('a collection of fonts in place of one')
  const glyphs = new Map<number, Glyph | null>()

  const glyphOf = (codePoint: number): Glyph | null => {
    const known = glyphs.get(codePoint)
    if (known !== undefined) return known
    const found = font.hasGlyphForCodePoint(codePoint) ? font.glyphForCodePoint(codePoint) : null
    const glyph = found && { id: found.id, advanceWidth: found.advanceWidth, codePoints: [codePoint] }
    glyphs.set(codePoint, glyph)
    return glyph
  }

  const layout: Face['layout'] = (text) => {
    const run = [...text].map((character) => glyphOf(character.codePointAt(0) as number)).filter((glyph) => glyph !== null)
    return {
      glyphs: run,
      positions: run.map(({ advanceWidth }) => ({ xAdvance: advanceWidth, yAdvance: 0, xOffset: 0, yOffset: 0 })),
      advanceWidth: run.reduce((sum, { advanceWidth }) => sum + advanceWidth, 0)
    }
  }

  return { name, glyphOf, face: Object.create(font, { layout: { value: layout } }) as Face, thousandths: 1000 / font.unitsPerEm, ascent: font.ascent * 1000 / font.unitsPerEm }
}

let usual: OpenFace | undefined
const usualFace = (): OpenFace => (usual ??= opened('usual', readFileSync(new URL('NotoSansSC-Regular.ttf', assets))))

type Slice = Readonly<{ file: string; first: number; last: number }>

let listed: readonly Slice[] | undefined
/** The slices by their file names: `20000-203ff.ttf.br`. */
const slices = (): readonly Slice[] => (listed ??= readdirSync(new URL('rare/', assets)).flatMap((file) => {
  const [, first, last] = /^([0-9a-f]+)-([0-9a-f]+)\.ttf\.br$/.exec(file) ?? []
  return first === undefined || last === undefined ? [] : [{ file, first: Number.parseInt(first, 16), last: Number.parseInt(last, 16) }]
}))

const rareFaces = new Map<string, OpenFace>()

const rareFaceOf = (codePoint: number): OpenFace | undefined => {
  const slice = codePoint < 0x20000 ? undefined : slices().find(({ first, last }) => first <= codePoint && codePoint <= last)
  if (!slice) return undefined
  const known = rareFaces.get(slice.file)
  if (known) return known
  const face = opened(`rare ${slice.file.slice(0, 11)}`, brotliDecompressSync(readFileSync(new URL(`rare/${slice.file}`, assets))))
  rareFaces.set(slice.file, face)
  return face
}

const faceOf = (codePoint: number): OpenFace | undefined => {
  if (usualFace().glyphOf(codePoint)) return usualFace()
  const rare = rareFaceOf(codePoint)
  return rare?.glyphOf(codePoint) ? rare : undefined
}

const named = (character: string): string => `〔U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}〕`

/**
 * A text as it can be set: a character that no face has stands as its number in Unicode,
 * `〔U+31350〕`, which says exactly which one it is; an empty box would not.
 */
export const settable = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replace(/\t/g, ' ').replace(/[^\n]/gu, (character) => (faceOf(character.codePointAt(0) as number) ? character : named(character)))

/** The width of a settable text in thousandths of its size. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const character of text) {
    const codePoint = character.codePointAt(0) as number
    const open = faceOf(codePoint)
    width += (open?.glyphOf(codePoint)?.advanceWidth ?? 0) * (open?.thousandths ?? 0)
  }
  return width
}

/** Characters that follow one another in the same face. `drop`: how far below the usual face's top its own stands, in thousandths of the size, so that both have one baseline. */
export type Run = Readonly<{ text: string; name: string; face: Face; drop: number }>

/** A settable text by its faces. */
export const runsOf = (text: string): Run[] => {
  const runs: Run[] = []
  for (const character of text) {
    const open = faceOf(character.codePointAt(0) as number) ?? usualFace()
    const last = runs.at(-1)
    if (last?.name === open.name) runs[runs.length - 1] = { ...last, text: last.text + character }
    else runs.push({ text: character, name: open.name, face: open.face, drop: usualFace().ascent - open.ascent })
  }
  return runs
}

/** The face of all but rare characters, opened at its first use. */
export const face = (): Face => usualFace().face
