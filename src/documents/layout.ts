import { zlibSync } from 'fflate'
import PDFDocument from 'pdfkit'
import QRCode from 'qrcode'
import { face, runsOf, settable, widthOf } from './font.js'
import { linesOf, type Line } from './lines.js'
import type { Block, Column, Sheet } from './model.js'

/*
 * Sets a sheet as PDF: A4, one face, black on white. The bytes are a pure function of the sheet:
 * dates are the sheet's own, ids derive from it, and streams are packed by a compressor in
 * JavaScript, of one version: what zlib writes differs between machines. Each file has an empty signature field, which the
 * seal fills in an update behind these bytes, so that they stay as they were signed by hash.
 */

type Style = Readonly<{ size: number; lead: number; before: number; after: number; align: 'left' | 'center' | 'right'; isBold?: boolean }>
type Cell = Readonly<{ text: string; align: 'left' | 'right' }>
type SetCell = Readonly<{ lines: readonly Line[]; align: 'left' | 'right' }>

const page = { width: 595.28, height: 841.89, side: 62, top: 64, bottom: 70 }
const contentWidth = page.width - 2 * page.side
const floor = page.height - page.bottom
const labelWidth = 30
const cellPadding = 5
const rowPadding = 6
const hairline = 0.5
const codeSize = 92

const styles = {
  title: { size: 18, lead: 27, before: 4, after: 6, align: 'center', isBold: true },
  subtitle: { size: 10, lead: 16, before: 0, after: 8, align: 'center' },
  heading: { size: 11.5, lead: 18, before: 9, after: 2, align: 'left', isBold: true },
  text: { size: 10, lead: 16, before: 0, after: 3, align: 'left' },
  note: { size: 8.5, lead: 13, before: 2, after: 2, align: 'left' },
  closing: { size: 10.5, lead: 18, before: 0, after: 0, align: 'right' }
} as const satisfies Record<string, Style>

type Document = PDFKit.PDFDocument & Readonly<{
  _root: { data: { AcroForm: { data: { Fields: unknown[]; SigFlags?: number; NeedAppearances?: boolean } } } }
  page: PDFKit.PDFPage & { annotations: unknown[]; dictionary: unknown }
}>

/** What the library's types do not tell of it: where streams come from, and what they are made of. */
type Streams = { ref: (data: object) => { buffer: Uint8Array[]; data: { Filter?: string }; finalize: () => void } }

/** Has every stream of a document packed as it ends. */
const packStreams = (doc: Document): void => {
  const streams = doc as unknown as Streams
  const newRef = streams.ref.bind(doc)
  streams.ref = (data) => {
    const stream = newRef(data)
    const finalize = stream.finalize.bind(stream)
    stream.finalize = () => {
      if (stream.buffer.length > 0 && stream.data.Filter === undefined) {
        stream.buffer = [zlibSync(Buffer.concat(stream.buffer), { level: 9 })]
        stream.data.Filter = 'FlateDecode'
      }
      finalize()
    }
    return stream
  }
}

/** The signature field that the seal fills: invisible, on the last page. */
const addSignatureField = (doc: Document): void => {
  doc.initForm()
  const { data: form } = doc._root.data.AcroForm
  delete form.NeedAppearances
  const field = doc.ref({ Type: 'Annot', Subtype: 'Widget', FT: 'Sig', T: Object('seal'), F: 132, Rect: [0, 0, 0, 0], P: doc.page.dictionary })
  form.SigFlags = 3
  form.Fields.push(field)
  doc.page.annotations.push(field)
  field.end(undefined)
}

const createPen = (doc: Document) => {
  let y = page.top
  const registered = new Set<string>()

  const nextPage = (): void => {
    doc.addPage()
    y = page.top
  }

  const ensure = (height: number): void => { if (y + height > floor && y > page.top) nextPage() }

  /** Writes a settable line; one that is not a paragraph's last is spread to the full width. */
  const write = ({ text, restWidth, isLast }: Line, x: number, at: number, { size, lead, align, isBold = false }: Style): void => {
    const rest = restWidth * size / 1000
    const gaps = [...text].length - 1
    const isSpread = align === 'left' && !isLast && gaps > 0 && rest < 2 * size
    const indent = align === 'left' ? 0 : align === 'right' ? rest : rest / 2
    const spacing = isSpread ? rest / gaps : 0
    let left = x + indent
    doc.lineWidth(isBold ? size * 0.02 : hairline).fontSize(size)
    for (const run of runsOf(text)) {
      if (!registered.has(run.name)) {
        doc.registerFont(run.name, run.face as never)
        registered.add(run.name)
      }
      doc.font(run.name).text(run.text, left, at + (lead - size * 1.45) / 2 + run.drop * size / 1000, { lineBreak: false, fill: true, stroke: isBold, ...(isSpread ? { characterSpacing: spacing } : {}) })
      left += widthOf(run.text) * size / 1000 + [...run.text].length * spacing
    }
  }

  const paragraph = (text: string, style: Style, x = page.side, width = contentWidth): void => {
    y += style.before
    for (const line of settable(text).split('\n').flatMap((part) => linesOf(part, width * 1000 / style.size))) {
      ensure(style.lead)
      write(line, x, y, style)
      y += style.lead
    }
    y += style.after
  }

  const labelled = (label: string, text: string): void => {
    ensure(styles.text.lead)
    write({ text: settable(label), restWidth: 0, isLast: true }, page.side, y, styles.text)
    paragraph(text, styles.text, page.side + labelWidth, contentWidth - labelWidth)
  }

  const cellRow = (cells: readonly SetCell[], widths: readonly number[], isHead: boolean): void => {
    const { lead } = styles.text
    const height = Math.max(...cells.map(({ lines }) => lines.length)) * lead + rowPadding
    ensure(height)
    let x = page.side
    for (const [i, { lines, align }] of cells.entries()) {
      const width = widths[i] as number
      if (isHead) doc.rect(x, y, width, height).fill('#f0f0f0').fillColor('#000000')
      doc.lineWidth(hairline).rect(x, y, width, height).stroke()
      for (const [j, line] of lines.entries()) write({ ...line, isLast: true }, x + cellPadding, y + rowPadding / 2 + j * lead, { ...styles.text, align })
      x += width
    }
    y += height
  }

  /** A row; one that is higher than a page goes on with the next. */
  const row = (cells: readonly Cell[], widths: readonly number[], isHead: boolean): void => {
    const { size, lead } = styles.text
    const set = cells.map(({ text, align }, i) => ({ align, lines: settable(text).split('\n').flatMap((part) => linesOf(part, ((widths[i] as number) - 2 * cellPadding) * 1000 / size)) }))
    const linesMax = Math.floor((floor - page.top - rowPadding) / lead)
    const count = Math.max(...set.map(({ lines }) => lines.length))
    for (let from = 0; from < count; from += linesMax) cellRow(set.map(({ align, lines }) => ({ align, lines: lines.slice(from, from + linesMax) })), widths, isHead)
  }

  const fields = (rows: readonly (readonly [string, string])[]): void => {
    y += 4
    for (const [name, value] of rows) row([{ text: name, align: 'left' }, { text: value, align: 'left' }], [100, contentWidth - 100], false)
    y += 8
  }

  const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): void => {
    const whole = columns.reduce((sum, { share }) => sum + share, 0)
    const widths = columns.map(({ share }) => contentWidth * share / whole)
    const head = () => { row(columns.map(({ title }) => ({ text: title, align: 'left' })), widths, true) }
    y += 4
    ensure(3 * styles.text.lead)
    head()
    for (const values of rows) {
      if (y + styles.text.lead + rowPadding > floor) {
        nextPage()
        head()
      }
      row(values.map((text, i) => ({ text, align: columns[i]?.align ?? 'left' })), widths, false)
    }
    y += 8
  }

  const code = (url: string, text: string): void => {
    ensure(codeSize + 16)
    y += 8
    const { size, data } = QRCode.create(url, { errorCorrectionLevel: 'M' }).modules
    const dot = codeSize / size
    data.forEach((isDark, i) => { if (isDark) doc.rect(page.side + (i % size) * dot, y + Math.floor(i / size) * dot, dot, dot) })
    doc.fill('#000000')
    const top = y
    y += 8
    paragraph(`${text}\n${url}`, styles.note, page.side + codeSize + 16, contentWidth - codeSize - 16)
    y = Math.max(y, top + codeSize) + 8
  }

  const closing = (lines: readonly string[]): void => {
    ensure(lines.length * styles.closing.lead + 14)
    y += 14
    for (const line of lines) paragraph(line, styles.closing)
  }

  const put = (block: Block): void => {
    switch (block.kind) {
      case 'text': return block.label === undefined ? paragraph(block.text, styles.text) : labelled(block.label, block.text)
      case 'fields': return fields(block.rows)
      case 'table': return table(block.columns, block.rows)
      case 'code': return code(block.url, block.text)
      case 'closing': return closing(block.lines)
      case 'heading':
        // A heading never stands alone at the foot of a page.
        ensure(styles.heading.before + styles.heading.lead + 2 * styles.text.lead)
        return paragraph(block.text, styles.heading)
      default: return paragraph(block.text, styles[block.kind])
    }
  }

  const foot = (text: string): void => {
    const { count } = doc.bufferedPageRange()
    const at = page.height - page.bottom + 22
    const style = { ...styles.note, align: 'right' } as const
    for (let i = 0; i < count; i++) {
      doc.switchToPage(i)
      const number = `第 ${i + 1} 页，共 ${count} 页`
      doc.lineWidth(hairline).moveTo(page.side, at - 4).lineTo(page.width - page.side, at - 4).stroke()
      write({ text: settable(text), restWidth: 0, isLast: true }, page.side, at, styles.note)
      write({ text: number, restWidth: contentWidth * 1000 / style.size - widthOf(number), isLast: true }, page.side, at, style)
    }
  }

  return { put, foot }
}

export type Typeset = (sheet: Sheet) => Promise<Buffer>

/** Sets a sheet as PDF: the same sheet gives the same bytes. */
export const typeset: Typeset = async ({ title, author, madeAt, foot, blocks }) => {
  const doc = new PDFDocument({
    autoFirstPage: false, size: [page.width, page.height], margin: 0, compress: false, bufferPages: true, lang: 'zh-CN', displayTitle: true, pdfVersion: '1.7',
    font: face() as never,
    info: { Title: title, Author: author, Creator: 'Ticun', Producer: 'Ticun', CreationDate: new Date(madeAt), ModDate: new Date(madeAt) }
  }) as unknown as Document
  packStreams(doc)
  doc.addPage()
  const pen = createPen(doc)
  for (const block of blocks) pen.put(block)
  pen.foot(foot)
  addSignatureField(doc)
  doc.end()
  return Buffer.concat(await doc.toArray())
}
