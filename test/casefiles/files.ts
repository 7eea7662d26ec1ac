import { randomUUID } from 'node:crypto'
import type { Answer, TestApp } from '../support/app.js'

/** Small files that are what they say. */
export const samples = {
  pdf: Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n'),
  jpeg: Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), Buffer.alloc(40)]),
  png: Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489'.replaceAll(' ', ''), 'hex'),
  mp4: Buffer.concat([Buffer.from('00000018', 'hex'), Buffer.from('ftypmp42'), Buffer.alloc(4), Buffer.from('isommp42'), Buffer.alloc(100)])
}

export type Part = Readonly<{ field: string; value: string | Buffer; filename?: string | undefined; type?: string | undefined }>

/** A multipart body as clients send it; the last boundary is left out where it breaks off. */
export const multipart = (parts: readonly Part[], { breaksOff = false } = {}): { payload: Buffer; headers: Record<string, string> } => {
  const boundary = `----${randomUUID()}`
  const lines = parts.flatMap(({ field, value, filename, type }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n`,
    type === undefined ? '\r\n' : `Content-Type: ${type}\r\n\r\n`, value, '\r\n'
  ])
  return {
    payload: Buffer.concat([...lines, breaksOff ? '' : `--${boundary}--\r\n`].map((line) => Buffer.from(line))),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }
  }
}

/** Sends parts as a signed-in person. */
export const sendParts = async ({ app }: TestApp, { token }: { token: string | undefined }, path: string, parts: readonly Part[], options = {}): Promise<Answer> => {
  const { payload, headers } = multipart(parts, options)
  const response = await app.inject({ method: 'POST', url: `/v1${path}`, payload, headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) } })
  return { status: response.statusCode, body: response.json(), headers: response.headers }
}
