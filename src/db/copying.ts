import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'

/** What was written, so that it can be checked for ever after. `sha256` in hex, `size` in bytes. */
export type Copied = Readonly<{ size: number; sha256: string }>

const chunkBytes = 1024 * 1024

/** Reads an open file to its end, piece by piece. @returns what was read */
const readThrough = async (source: FileHandle, take?: (chunk: Buffer) => Promise<void>): Promise<Copied> => {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(chunkBytes)
  let size = 0
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, chunkBytes)
    if (bytesRead === 0) return { size, sha256: hash.digest('hex') }
    const chunk = buffer.subarray(0, bytesRead)
    hash.update(chunk)
    await take?.(chunk)
    size += bytesRead
  }
}

/** Copies a file as far as it reaches at the moment, through to the disk unless told otherwise, and tells what was written. The target must not exist. */
export const copyFile = async (from: string, to: string, isSynced = true): Promise<Copied> => {
  const source = await open(from, 'r')
  try {
    const target = await open(to, 'wx', 0o600)
    try {
      const copied = await readThrough(source, (chunk) => target.writeFile(chunk))
      if (isSynced) await target.sync()
      return copied
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Writes a file that is not there yet, through to the disk. */
export const writeNew = async (to: string, content: Buffer): Promise<Copied> => {
  const target = await open(to, 'wx', 0o600)
  try {
    await target.writeFile(content)
    await target.sync()
  } finally {
    await target.close()
  }
  return { size: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

/** Hashes a file as it is. */
export const hashFile = async (path: string): Promise<Copied> => {
  const source = await open(path, 'r')
  try {
    return await readThrough(source)
  } finally {
    await source.close()
  }
}

/** Does a thing with each, several at once; the first that fails ends all. */
export const eachOf = async <Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> => {
  const waiting = [...items].reverse()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      try {
        await work(item)
      } catch (error) {
        waiting.length = 0
        throw error
      }
    }
  }))
}
