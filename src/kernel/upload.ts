import { z } from 'zod'

/**
 * A file that came as a request's body and lies on disk until the answer is sent, because it may be
 * larger than memory. Two uploads of the same bytes are the same request.
 */
export type Upload = Readonly<{
  path: string
  mediaType: string
  sha256: string
  /** what an idempotency key is bound to */
  toJSON: () => object
}>

const isUpload = (value: unknown): value is Upload => typeof value === 'object' && value !== null && 'sha256' in value && 'path' in value

/** The body of a route that takes a file; `mediaTypes` say what to send. */
export const UploadOf = (...mediaTypes: readonly string[]) => z.custom<Upload>(isUpload, {
  params: { zh: `请以 ${mediaTypes.join('、')} 之一发送文件`, en: `send a file as one of ${mediaTypes.join(', ')}` }
}).meta({ type: 'string', format: 'binary' })
