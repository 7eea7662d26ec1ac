import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Memory } from './witness.js'

/** Writes a file so that it is either the old one or the new one, also after a loss of power. */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

/** A file's text; undefined where there is none. */
export const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: { code?: string }) => { if (error.code === 'ENOENT') return undefined; throw error })

/** A witness's memory in a file. */
export const memoryIn = (path: string): Memory => ({
  recall: () => readIfThere(path),
  remember: (checkpoint) => writeDurably(path, checkpoint)
})
