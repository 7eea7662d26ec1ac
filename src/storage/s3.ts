import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { unavailable } from '../kernel/problems.js'
import { FileMissing, type Shelf } from './storage.js'

/** A bucket of a service that speaks S3. */
export type S3Options = Readonly<{
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`; some services know only one of the two. */
  pathStyle: boolean
}>

/** The client library is loaded when a bucket is used, and costs nothing where none is. */
const load = () => import('@aws-sdk/client-s3')

const statusOf = (error: unknown): number | undefined => (error as Partial<S3ServiceException>).$metadata?.httpStatusCode

/** A service that cannot be reached or is at fault: to be tried again. Anything else, such as a wrong key, is ours to mend. */
const asRefusal = (error: unknown): unknown => {
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 429 ? Object.assign(unavailable({ retryAfterSeconds: 5 }), { cause: error }) : error
}

export const createS3Shelf = ({ endpoint, region, bucket, accessKeyId, secretAccessKey, pathStyle }: S3Options): Shelf => {
  let client: Promise<S3Client> | undefined
  const connected = () => (client ??= load().then(({ S3Client }) => new S3Client({
    endpoint, region, forcePathStyle: pathStyle, credentials: { accessKeyId, secretAccessKey },
    // Services other than Amazon's do not know the checksums the library would add by itself.
    requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000 }
  })))

  const addressOf = (sha256: string) => ({ Bucket: bucket, Key: `sha256/${sha256.slice(0, 2)}/${sha256}` })

  return {
    has: async (sha256) => {
      const [{ HeadObjectCommand }, s3] = [await load(), await connected()]
      return s3.send(new HeadObjectCommand(addressOf(sha256))).then(() => true, (error: unknown) => {
        if (statusOf(error) === 404) return false
        throw asRefusal(error)
      })
    },
    keep: async ({ sha256, size, path }) => {
      const [{ PutObjectCommand }, s3] = [await load(), await connected()]
      const command = new PutObjectCommand({ ...addressOf(sha256), Body: createReadStream(path), ContentLength: size, ContentType: 'application/octet-stream' })
      // The signature covers the content by its hash: the service refuses bytes that changed on the way.
      command.middlewareStack.add((next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256
        return next(args)
      }, { step: 'build', name: 'content-hash' })
      await s3.send(command).catch((error: unknown) => { throw asRefusal(error) })
    },
    open: async (sha256) => {
      const [{ GetObjectCommand }, s3] = [await load(), await connected()]
      const { Body } = await s3.send(new GetObjectCommand(addressOf(sha256))).catch((error: unknown) => {
        throw statusOf(error) === 404 ? new FileMissing(`no file is kept as ${sha256}`) : asRefusal(error)
      })
      return Body as Readable
    },
    remove: async (sha256) => {
      const [{ DeleteObjectCommand }, s3] = [await load(), await connected()]
      await s3.send(new DeleteObjectCommand(addressOf(sha256))).catch((error: unknown) => { throw asRefusal(error) })
    }
  }
}
