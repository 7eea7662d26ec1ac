/** The text of a document of ours, lines joined without a break: its streams are not compressed, and its one face says which character a glyph is. */
export const textIn = (pdf: Buffer): string => {
  const source = pdf.toString('latin1')
  const characters = new Map<number, string>()
  for (const [, from, list] of source.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g)) {
    const first = Number.parseInt(from as string, 16)
    for (const [i, [, hex]] of [...(list as string).matchAll(/<([0-9a-f]*)>/g)].entries()) characters.set(first + i, Buffer.from(hex as string, 'hex').swap16().toString('utf16le'))
  }
  const glyphs = [...source.matchAll(/\[((?:<[0-9a-f]*>|[-\d. ])*)\] TJ/g)].flatMap(([, array]) => [...(array as string).matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => hex as string))
  return glyphs.map((hex) => (hex.match(/.{4}/g) ?? []).map((glyph) => characters.get(Number.parseInt(glyph, 16)) ?? '\ufffd').join('')).join('')
}
