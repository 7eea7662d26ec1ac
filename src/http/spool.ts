import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import type { Upload } from '../kernel/upload.js'
import { tooLarge } from './problems.js'
import { keepUntilAnswered } from './silence.js'
import type { App } from './types.js'

/** Passes bytes on, hashed and counted. @throws too_large (413) */
const metered = (maxBytes: number) => {
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform: (chunk: Buffer, _, done) => {
      bytes += chunk.length
      if (bytes > maxBytes) return done(tooLarge({ maxBytes }))
      hash.update(chunk)
      done(null, chunk)
    }
  })
  return { meter, sha256: () => hash.digest('hex') }
}

const remove = (path: string): Promise<void> => rm(dirname(path), { recursive: true, force: true })

const spool = async (body: Readable, mediaType: string, maxBytes: number): Promise<Upload> => {
  const path = join(await mkdtemp(join(tmpdir(), 'ticun-upload-')), 'file')
  const { meter, sha256 } = metered(maxBytes)
  try {
    await pipeline(body, meter, createWriteStream(path, { mode: 0o600 }))
  } catch (error) {
    await remove(path)
    throw error
  }
  const digest = sha256()
  return { path, mediaType, sha256: digest, toJSON: () => ({ sha256: digest }) }
}

type Options = Readonly<{ mediaTypes: readonly string[]; maxBytes: number }>

/**
 * Takes bodies of these media types as files on disk (kernel/upload.ts), for the routes of one
 * plugin. They are removed once the answer is sent, or the caller has gone.
 */
export const takeUploads = (app: App, { mediaTypes, maxBytes }: Options): void => {
  const uploads = new WeakMap<object, string>()

  app.addContentTypeParser([...mediaTypes], { bodyLimit: maxBytes }, async (request: object & { headers: Record<string, unknown> }, body: Readable) => {
    const upload = await spool(body, String(request.headers['content-type']).split(';')[0]?.trim().toLowerCase() ?? '', maxBytes)
    uploads.set(request, upload.path)
    return upload
  })

  keepUntilAnswered(app)

  const forget = async (request: FastifyRequest): Promise<void> => {
    const path = uploads.get(request)
    if (path !== undefined) await remove(path)
  }
  app.addHook('onResponse', forget)
  app.addHook('onRequestAbort', forget)
}
