import { join } from 'node:path'
import { createFolderShelf } from './folder.js'
import { createS3Shelf, type S3Options } from './s3.js'
import type { Shelf } from './storage.js'

/** Where the settings say that files are kept: a bucket, or a folder of the data directory. */
export const createShelf = ({ s3, dataDirectory }: Readonly<{ s3: S3Options | undefined; dataDirectory: string }>): Shelf =>
  s3 ? createS3Shelf(s3) : createFolderShelf(join(dataDirectory, 'files'))
