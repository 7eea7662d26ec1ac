import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** What was written, so that it can be checked for ever after. `sha256` in hex, `size` in bytes. */
export type Copied = Readonly<{ size: number; sha256: string }>

const chunkBytes = 1024 * 1024

/** Copies a file as far as it reaches at the moment, through to the disk unless told otherwise, and tells what was written. The target must not exist. */
export const copyFile = async (from: string, to: string, isSynced = true): Promise<Copied> => {
  const source = await open(from, 'r')
  try {
    const target = await open(to, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      const buffer = Buffer.allocUnsafe(chunkBytes)
      let size = 0
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, chunkBytes)
        if (bytesRead === 0) break
        const chunk = buffer.subarray(0, bytesRead)
        hash.update(chunk)
        await target.writeFile(chunk)
        size += bytesRead
      }
      if (isSynced) await target.sync()
      return { size, sha256: hash.digest('hex') }
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
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(chunkBytes)
    let size = 0
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, chunkBytes)
      if (bytesRead === 0) return { size, sha256: hash.digest('hex') }
      hash.update(buffer.subarray(0, bytesRead))
      size += bytesRead
    }
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
