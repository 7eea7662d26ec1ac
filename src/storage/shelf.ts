import { join } from 'node:path'
import { createFolderShelf, keepCopies } from './folder.js'
import { createS3Shelf, type S3Options } from './s3.js'
import type { Shelf } from './storage.js'

type Options = Readonly<{ s3: S3Options | undefined; dataDirectory: string; archive?: Readonly<{ directory: string }> | undefined }>

/** Where files are kept a second time, within an archive. */
export const filesOf = (archive: string): string => join(archive, 'files')

/** Where the settings say that files are kept: a bucket, or a folder of the data directory, and the archive if there is one. */
export const createShelf = ({ s3, dataDirectory, archive }: Options): Shelf => {
  const shelf = s3 ? createS3Shelf(s3) : createFolderShelf(join(dataDirectory, 'files'))
  return archive ? keepCopies(shelf, filesOf(archive.directory)) : shelf
}
