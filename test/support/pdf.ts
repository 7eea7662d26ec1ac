import { inflateSync } from 'node:zlib'

type Objects = ReadonlyMap<number, Readonly<{ text: string; stream: string }>>

/** The objects of a document of ours, by number, with their streams unpacked. */
const objectsIn = (pdf: Buffer): Objects => {
  const [source, objects] = [pdf.toString('latin1'), new Map<number, { text: string; stream: string }>()]
  for (const found of source.matchAll(/(?:^|\n)(\d+) 0 obj\n/g)) {
    const from = found.index + found[0].length
    const text = source.slice(from, source.indexOf('endobj', from)).split('\nstream\n', 1)[0] as string
    const at = from + text.length + '\nstream\n'.length
    const length = Number(/\/Length (\d+)/.exec(text)?.[1] ?? 0)
    const bytes = pdf.subarray(at, at + length)
    objects.set(Number(found[1]), { text, stream: source.startsWith('\nstream\n', from + text.length) ? (text.includes('/FlateDecode') ? inflateSync(bytes) : bytes).toString('latin1') : '' })
  }
  return objects
}

/** Which character a glyph of a face is. */
const charactersOf = (objects: Objects, font: number): Map<number, string> => {
  const characters = new Map<number, string>()
  const map = objects.get(Number(/\/ToUnicode (\d+) 0 R/.exec(objects.get(font)?.text ?? '')?.[1]))?.stream ?? ''
  for (const [, from, list] of map.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g)) {
    const first = Number.parseInt(from as string, 16)
    for (const [i, [, hex]] of [...(list as string).matchAll(/<([0-9a-f ]*)>/g)].entries()) characters.set(first + i, Buffer.from((hex as string).replaceAll(' ', ''), 'hex').swap16().toString('utf16le'))
  }
  return characters
}

/** The text of a document of ours, lines joined without a break: its faces say which character a glyph is. */
export const textIn = (pdf: Buffer): string => {
  const objects = objectsIn(pdf)
  const faces = new Map<string, Map<number, string>>()
  for (const { text } of objects.values()) {
    for (const [, name, font] of text.matchAll(/\/(F\d+) (\d+) 0 R/g)) if (!faces.has(name as string)) faces.set(name as string, charactersOf(objects, Number(font)))
  }
  let said = ''
  for (const { stream } of objects.values()) {
    let face: Map<number, string> | undefined
    for (const [, name, array] of stream.matchAll(/\/(F\d+) [\d.]+ Tf|\[((?:<[0-9a-f]*>|[-\d. ])*)\] TJ/g)) {
      if (name !== undefined) face = faces.get(name)
      else for (const [, hex] of (array as string).matchAll(/<([0-9a-f]*)>/g)) for (const glyph of (hex as string).match(/.{4}/g) ?? []) said += face?.get(Number.parseInt(glyph, 16)) ?? '\ufffd'
    }
  }
  return said
}
