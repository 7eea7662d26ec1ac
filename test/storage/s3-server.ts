import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/*
 * A bucket in memory that takes nothing unsigned: it reckons the Signature Version 4 of each
 * request itself, from what Amazon publishes of it, and compares the content with the hash signed.
 */

const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest()
const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')

const signatureOf = ({ method, url = '', headers }: IncomingMessage, secret: string): string => {
  const { pathname, searchParams } = new URL(url, 'http://any')
  const [, scope = '', signed = ''] = /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? []
  const query = [...searchParams].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort().join('&')
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`).join('')
  const request = [method, pathname, query, lines, signed, headers['x-amz-content-sha256']].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(request)].join('\n')
  const key = scope.split('/').reduce<Buffer | string>((key, part) => hmac(key, part), `AWS4${secret}`)
  return createHmac('sha256', key).update(toSign).digest('hex')
}

export const startBucket = async (t: Test, { secret }: { secret: string }) => {
  const objects = new Map<string, Buffer>()
  const requests: string[] = []
  const state = { fault: undefined as number | undefined }
  const server = createServer(async (request, response) => {
    const refuse = (status: number, code: string) => response.writeHead(status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
    const content = Buffer.from(await text(request.setEncoding('latin1')), 'latin1')
    const path = request.url?.split('?')[0] ?? ''
    requests.push(`${request.method} ${path}`)
    if (state.fault) return refuse(state.fault, 'InternalError')
    if (!request.headers.authorization?.endsWith(`Signature=${signatureOf(request, secret)}`)) return refuse(403, 'SignatureDoesNotMatch')
    if (request.method === 'PUT') {
      if (sha256(content) !== request.headers['x-amz-content-sha256']) return refuse(400, 'XAmzContentSHA256Mismatch')
      objects.set(path, content)
      return response.end()
    }
    if (request.method === 'DELETE') {
      objects.delete(path)
      return response.writeHead(204).end()
    }
    const found = objects.get(path)
    if (!found) return refuse(404, 'NoSuchKey')
    return response.writeHead(200, { 'content-length': found.length }).end(request.method === 'HEAD' ? undefined : found)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, objects, requests, state }
}
