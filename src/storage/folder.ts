import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FileMissing, type Shelf } from './storage.js'

/** Makes a change of a folder's entries last through a power cut. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const pathIn = (directory: string, sha256: string): string => join(directory, sha256.slice(0, 2), sha256)

/**
 * A folder of this machine, on the same file system as the one files are received in. A file
 * appears under its name whole or not at all.
 */
export const createFolderShelf = (directory: string): Shelf => {
  const pathOf = (sha256: string) => pathIn(directory, sha256)

  return {
    has: (sha256) => access(pathOf(sha256)).then(() => true, () => false),
    keep: async ({ sha256, path }) => {
      const kept = pathOf(sha256)
      await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
      await rename(path, kept)
      await syncFolder(dirname(kept))
      await syncFolder(directory)
    },
    open: async (sha256) => {
      const file = await open(pathOf(sha256)).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? new FileMissing(`no file is kept as ${sha256}`) : error
      })
      return file.createReadStream()
    },
    remove: (sha256) => rm(pathOf(sha256), { force: true })
  }
}

/**
 * A shelf that keeps a copy of each file in a folder before it keeps the file: whatever a row
 * comes to name, the folder has. Nothing is taken away there.
 */
export const keepCopies = (shelf: Shelf, directory: string): Shelf => ({
  ...shelf,
  keep: async (file) => {
    const kept = pathIn(directory, file.sha256)
    await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
    const draft = `${kept}.${randomUUID()}`
    try {
      await copyFile(file.path, draft)
      const copy = await open(draft, 'r+')
      await copy.sync().finally(() => copy.close())
      await rename(draft, kept)
    } finally {
      await rm(draft, { force: true })
    }
    await syncFolder(dirname(kept))
    await syncFolder(directory)
    await shelf.keep(file)
  }
})
