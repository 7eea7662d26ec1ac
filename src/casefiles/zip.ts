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
 * Packs files one after another, in their order, while they are read: however large and however
 * many they are, no more than a piece of one is in memory, and the next is asked for when the one
 * before is packed. At the end stands what went in: `manifest.json`, and `SHA256SUMS` for
 * `sha256sum -c`. The same content gives the same bytes. What fails breaks the stream off, so that
 * half a bundle is never taken for a whole one.
 */
export const zipOf = (entries: AsyncIterable<ZipEntry> | Iterable<ZipEntry>, manifest: object, at: Date): Readable => {
  const zip = new ZipFile()
  const output = zip.outputStream as PassThrough
  const packed: Packed[] = []
  let current: Readable | undefined

  const listing: ZipEntry[] = [
    { path: 'manifest.json', open: async () => json({ ...manifest, files: [...packed] }) },
    { path: 'SHA256SUMS', open: async () => packed.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('') }
  ]

  const pack = async ({ path, isCompressed = true, open }: ZipEntry): Promise<void> => {
    const source = streamOf(await open())
    await new Promise<void>((resolve, reject) => {
      current = counted(source, path, (one) => {
        packed.push(one)
        resolve()
      })
      // Closed before its end: whoever read the bundle has stopped.
      current.on('error', reject).on('close', () => {
        source.destroy()
        reject(new Error(`${path} was not read to its end`))
      })
      if (output.destroyed) current.destroy()
      else zip.addReadStreamLazy(path, { mtime: at, mode: 0o100644, compress: isCompressed }, (take) => { take(undefined, current as Readable) })
    })
  }

  const packAll = async (): Promise<void> => {
    for await (const one of entries) await pack(one)
    for (const one of listing) await pack(one)
    zip.end()
  }

  packAll().catch((error: Error) => { output.destroy(error) })
  zip.on('error', (error: Error) => { output.destroy(error) })
  // Whoever stops reading lets go of the file that is being read.
  output.on('close', () => { current?.destroy() })
  return output
}
