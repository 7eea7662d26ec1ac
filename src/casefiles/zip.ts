import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { ZipFile } from 'yazl'

/** One file of a bundle. It is opened only when its turn comes. */
export type ZipEntry = Readonly<{ path: string; isCompressed?: boolean; open: () => Promise<Readable | string | Buffer> }>

type Packed = Readonly<{ path: string; sizeBytes: number; sha256: string }>

const counted = (content: Readable, path: string, done: (packed: Packed) => void): Readable => {
  const hash = createHash('sha256')
  let sizeBytes = 0
  return Readable.from((async function * () {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      hash.update(chunk)
      sizeBytes += chunk.length
      yield chunk
    }
    done({ path, sizeBytes, sha256: hash.digest('hex') })
  })(), { objectMode: false })
}

const streamOf = (content: Readable | string | Buffer): Readable =>
  content instanceof Readable ? content : Readable.from([Buffer.from(content)], { objectMode: false })

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/**
 * Packs files one after another, in their order, while they are read: however large they are, no
 * more than a piece of one is in memory. At the end stands what went in: `manifest.json`, and
 * `SHA256SUMS` for `sha256sum -c`. The same content gives the same bytes. What fails breaks the
 * stream off, so that half a bundle is never taken for a whole one.
 */
export const zipOf = (entries: readonly ZipEntry[], manifest: object, at: Date): Readable => {
  const zip = new ZipFile()
  const output = zip.outputStream as PassThrough
  const packed: Packed[] = []
  let current: Readable | undefined

  const listing: ZipEntry[] = [
    { path: 'manifest.json', open: async () => json({ ...manifest, files: [...packed] }) },
    { path: 'SHA256SUMS', open: async () => packed.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('') }
  ]
  for (const { path, isCompressed = true, open } of [...entries, ...listing]) {
    zip.addReadStreamLazy(path, { mtime: at, mode: 0o100644, compress: isCompressed }, (take) => {
      open().then((content) => {
        const source = streamOf(content)
        current = counted(source, path, (one) => { packed.push(one) }).on('close', () => { source.destroy() })
        take(undefined, current)
      }).catch((error: Error) => { output.destroy(error) })
    })
  }
  zip.end()
  zip.on('error', (error: Error) => { output.destroy(error) })
  // Whoever stops reading lets go of the file that is being read.
  output.on('close', () => { current?.destroy() })
  return output
}
