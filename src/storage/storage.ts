import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/*
 * Files are kept by the SHA-256 of their content: the same bytes are kept once, a name can neither
 * clash nor lead anywhere, and what is read back is checked against what was asked for. Nothing is
 * ever changed, and taken away only when the same was kept anew under a newer key; what a file is
 * called and who may see it stands in the database.
 *
 * A file is received whole before it is kept, so that its hash, its size and what looks into it
 * decide first. One that a transaction then does not come to mention stays behind and harms nobody.
 */

/** What is known of a file that is kept. `sha256` in hex, `size` in bytes. */
export type StoredFile = Readonly<{ sha256: string; size: number }>

/** A file that is received and not yet kept. */
export type ReceivedFile = StoredFile & Readonly<{ path: string }>

/** Where files are kept: a folder of this machine, or objects of a bucket. */
export type Shelf = Readonly<{
  has: (sha256: string) => Promise<boolean>
  /** Keeps a received file for good; the received one may be moved away. Safe to repeat. */
  keep: (file: ReceivedFile) => Promise<void>
  /** @throws FileMissing */
  open: (sha256: string) => Promise<Readable>
  /** Takes a file away for good; one that is not there is gone already. */
  remove: (sha256: string) => Promise<void>
}>

export class FileMissing extends Error {
  override readonly name = 'FileMissing'
}

export class FileCorrupt extends Error {
  override readonly name = 'FileCorrupt'
}

/** More bytes came than are allowed. */
export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge'
}

type PutOptions = Readonly<{
  maxBytes?: number
  /** Looks into the received file before it is kept; one that throws keeps it from being kept. */
  inspect?: (file: StoredFile & Readonly<{ read: (options?: Readonly<{ end?: number }>) => Readable }>) => Promise<void>
}>

const abandonedAfterMs = 3_600_000

/** What a process that was struck down had not finished receiving. */
const sweep = async (directory: string): Promise<void> => {
  const oldest = Date.now() - abandonedAfterMs
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found && found.mtimeMs < oldest) await rm(path, { force: true })
  }
}

/** Writes a source to a path, through to the disk, and tells its hash and size. */
const receive = async (source: AsyncIterable<Uint8Array>, path: string, maxBytes: number): Promise<StoredFile> => {
  const file = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of source) {
      size += chunk.length
      if (size > maxBytes) throw new FileTooLarge(`more than ${maxBytes} bytes`)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
    return { sha256: hash.digest('hex'), size }
  } finally {
    await file.close()
  }
}

/** Passes a file on while checking it. The last piece is held back until all of it is proven. */
const checked = async function * (source: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let last: Uint8Array | undefined
  for await (const chunk of source) {
    hash.update(chunk)
    if (last) yield last
    last = chunk
  }
  if (hash.digest('hex') !== sha256) throw new FileCorrupt(`the file kept as ${sha256} is another one`)
  if (last) yield last
}

/** `directory`: where files are received; its own, created when the first one comes. */
export const createStorage = ({ directory, shelf }: Readonly<{ directory: string; shelf: Shelf }>) => {
  let prepared: Promise<void> | undefined
  const prepare = async (): Promise<void> => {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await sweep(directory)
    } catch (error) {
      prepared = undefined
      throw error
    }
  }

  /**
   * Keeps a file. The same content twice is kept once.
   * @throws FileTooLarge, and whatever `inspect` throws; then nothing is kept
   */
  const put = async (source: AsyncIterable<Uint8Array> | Uint8Array, { maxBytes = Infinity, inspect }: PutOptions = {}): Promise<StoredFile> => {
    await (prepared ??= prepare())
    const path = join(directory, randomUUID())
    try {
      const { sha256, size } = await receive(source instanceof Uint8Array ? Readable.from([source]) : source, path, maxBytes)
      await inspect?.({ sha256, size, read: (options = {}) => createReadStream(path, options) })
      if (!(await shelf.has(sha256))) await shelf.keep({ sha256, size, path })
      return { sha256, size }
    } finally {
      await rm(path, { force: true })
    }
  }

  /**
   * Shows that files can be received now and, where asked, kept: writes one of a few bytes, the same
   * each time, so that no more than one is ever there. @throws what stands in the way
   */
  const probe = async ({ keeps }: Readonly<{ keeps: boolean }>): Promise<void> => {
    await (prepared ??= prepare())
    const path = join(directory, randomUUID())
    try {
      const file = await receive(Readable.from([Buffer.from('Ticun can write here.\n')]), path, Infinity)
      if (keeps) await shelf.keep({ ...file, path })
    } finally {
      await rm(path, { force: true }).catch(() => undefined)
    }
  }

  return {
    put,
    probe,
    has: (sha256: string): Promise<boolean> => shelf.has(sha256),
    remove: (sha256: string): Promise<void> => shelf.remove(sha256),
    /**
     * Opens a file for reading. The stream fails at its end when the bytes are not those of the hash.
     * @throws FileMissing
     */
    open: async (sha256: string): Promise<Readable> => Readable.from(checked(await shelf.open(sha256), sha256), { objectMode: false })
  }
}

export type Storage = ReturnType<typeof createStorage>
