import { createHash } from 'node:crypto'
import { signedDataOf, type Signer, type Timestamper } from './cades.js'

/*
 * PAdES (ETSI EN 319 142-1, B-T): the signature is written behind the document in an incremental
 * update, so that the bytes before it stay exactly those whose hash was signed and recorded. It
 * fills the empty signature field that every document of ours is set with (documents/layout.ts),
 * and covers every byte of the file but its own.
 */

export type Sealing = Readonly<{
  signer: Signer
  timestamp: Timestamper
  /** who seals: the office */
  name: string
  /** what the seal is to say, shown by readers and covered by the signature */
  statement: string
  at: Date
}>

/** What the update needs to know of the document it follows. */
type Tail = Readonly<{ size: number; root: string; info: string; id: string; xrefAt: number; fieldNumber: number; field: string }>

const signatureMaxBytes = 16_384
const placeOfRange = '/ByteRange [0 ********** ********** **********]'

const found = (text: string, pattern: RegExp): string => {
  const value = pattern.exec(text)?.[1]
  if (value === undefined) throw new Error(`the document to seal lacks ${pattern}`)
  return value
}

const tailOf = (text: string): Tail => {
  const trailer = text.slice(text.lastIndexOf('trailer'))
  const fieldAt = text.lastIndexOf('/T (seal)')
  const begin = text.lastIndexOf(' 0 obj', fieldAt)
  const end = text.indexOf('endobj', fieldAt)
  if (fieldAt === -1 || begin === -1 || end === -1) throw new Error('the document to seal has no signature field')
  return {
    size: Number(found(trailer, /\/Size (\d+)/)),
    root: found(trailer, /\/Root (\d+ 0 R)/),
    info: found(trailer, /\/Info (\d+ 0 R)/),
    id: found(trailer, /\/ID (\[[^\]]+\])/),
    xrefAt: Number(found(trailer, /startxref\s+(\d+)/)),
    fieldNumber: Number(text.slice(text.lastIndexOf('\n', begin) + 1, begin)),
    field: text.slice(begin + ' 0 obj'.length, end)
  }
}

/** A text string of PDF: UTF-16 with its mark, in hex. */
const textString = (text: string): string => {
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
  return `<${utf16.toString('hex').toUpperCase()}>`
}

const pdfDate = (at: Date): string => `(D:${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z)`

/** The update: the field with its value, the signature with room for itself, and where they stand. */
const updateOf = (offset: number, { size, root, info, id, xrefAt, fieldNumber, field }: Tail, { name, statement, at }: Sealing): string => {
  const fieldObject = `${fieldNumber} 0 obj${field.trimEnd().replace(/>>$/, `/V ${size} 0 R\n>>`)}\nendobj\n`
  const signatureObject = [
    `${size} 0 obj`, '<<', '/Type /Sig', '/Filter /Adobe.PPKLite', '/SubFilter /ETSI.CAdES.detached',
    `/Name ${textString(name)}`, `/Reason ${textString(statement)}`, `/M ${pdfDate(at)}`,
    placeOfRange, `/Contents <${'0'.repeat(signatureMaxBytes * 2)}>`, '>>', 'endobj', ''
  ].join('\n')
  const head = '\n'
  const fieldAt = offset + head.length
  const signatureAt = fieldAt + fieldObject.length
  const entry = (at: number) => `${String(at).padStart(10, '0')} 00000 n \n`
  return `${head}${fieldObject}${signatureObject}xref\n${fieldNumber} 1\n${entry(fieldAt)}${size} 1\n${entry(signatureAt)}` +
    `trailer\n<<\n/Size ${size + 1}\n/Root ${root}\n/Info ${info}\n/ID ${id}\n/Prev ${xrefAt}\n>>\nstartxref\n${signatureAt + signatureObject.length}\n%%EOF\n`
}

/** Seals a document of ours. Its bytes come first in the result, unchanged. */
export const seal = async (document: Buffer, sealing: Sealing): Promise<Buffer> => {
  const sealed = Buffer.concat([document, Buffer.from(updateOf(document.length, tailOf(document.toString('latin1')), sealing), 'latin1')])
  const contentsAt = sealed.lastIndexOf('/Contents <') + '/Contents '.length
  const contentsEnd = contentsAt + signatureMaxBytes * 2 + 2
  const range = `/ByteRange [0 ${contentsAt} ${contentsEnd} ${sealed.length - contentsEnd}]`
  sealed.write(range.padEnd(placeOfRange.length), sealed.lastIndexOf(placeOfRange), 'latin1')

  const digest = createHash('sha256').update(sealed.subarray(0, contentsAt)).update(sealed.subarray(contentsEnd)).digest()
  const signature = await signedDataOf(digest, sealing.signer, sealing.timestamp)
  if (signature.length > signatureMaxBytes) throw new Error(`the signature has ${signature.length} bytes, more than there is room for`)
  sealed.write(signature.toString('hex'), contentsAt + 1, 'latin1')
  return sealed
}
