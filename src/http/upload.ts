import fastifyMultipart from '@fastify/multipart'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { validationFailed } from '../kernel/problems.js'
import { assertPlainText } from './plain-text.js'
import { malformedRequest, tooLarge } from './problems.js'
import { validatorCompiler } from './zod.js'

/*
 * Uploads: multipart/form-data with one part `file`, and fields beside it. The file is never held
 * in memory; what its sender calls it and says of its type is data and nothing more.
 */

export const fileMaxBytes = 20 * 1024 * 1024

const fieldMaxBytes = 64 * 1024

const plugin: FastifyPluginAsync = async (app) => {
  await app.register(fastifyMultipart, {
    limits: { fileSize: fileMaxBytes, files: 1, fields: 10, parts: 11, fieldSize: fieldMaxBytes, fieldNameSize: 100, headerPairs: 20 }
  })
}

/** For the plugins of features that take files: other routes go on refusing multipart bodies. */
export const uploads = fp(plugin, { name: 'uploads' })

/** What the OpenAPI document says of such a body; the parts are checked as they come. */
export const uploadForm = (fields: z.ZodType) => {
  const { properties = {}, required = [] } = z.toJSONSchema(fields, { io: 'input', unrepresentable: 'any' })
  return z.unknown().meta({
    type: 'object', required: ['file', ...required], properties: { file: { type: 'string', format: 'binary' }, ...properties }
  })
}

/** What cannot be read was not sent as it should be: a broken form, or one that breaks off. */
const asSent = async function * <Item>(source: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield * source
  } catch (error) {
    throw (error as { code?: string }).code === 'FST_REQ_FILE_TOO_LARGE' ? tooLarge({ maxBytes: fileMaxBytes }) : malformedRequest({})
  }
}

const refused = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })

const checkedFields = <Fields extends z.ZodType>(schema: Fields, fields: Readonly<Record<string, unknown>>): z.output<Fields> => {
  assertPlainText('\\u0000', fields)
  const checked = validatorCompiler({ schema } as never)(fields) as { value: z.output<Fields> } | { error: Error }
  if ('error' in checked) throw checked.error
  return checked.value
}

/**
 * How the upload of a request is received, when its receiver asks for it: `keep` is given the file
 * while it comes in.
 * @returns a function that throws malformed_request (400), too_large (413), validation_failed (422), and whatever `keep` throws
 */
export const uploadOf = <Fields extends z.ZodType>(request: FastifyRequest, schema: Fields) =>
  async <Kept>(keep: (file: { name: string; content: AsyncIterable<Uint8Array> }) => Promise<Kept>): Promise<{ kept: Kept; fields: z.output<Fields> }> => {
    const fields: Record<string, unknown> = {}
    let received: { kept: Kept } | undefined
    try {
      for await (const part of asSent(request.parts())) {
        if (part.type === 'field') {
          if (part.valueTruncated) throw refused(part.fieldname, '内容过长', 'is too long')
          fields[part.fieldname] = part.value
        } else {
          if (part.fieldname !== 'file') throw refused(part.fieldname, '文件须以 file 为字段名上传', 'a file goes in the part named file')
          received = { kept: await keep({ name: part.filename, content: asSent(part.file) }) }
        }
      }
      if (received === undefined) throw refused('file', '请附上文件', 'is required')
      return { ...received, fields: checkedFields(schema, fields) }
    } catch (error) {
      // The rest of what is being sent is taken in, so that the sender comes to read the answer.
      request.raw.unpipe()
      request.raw.resume()
      throw error
    }
  }
