import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { newId } from '../kernel/id.js'
import { inLanguage } from '../kernel/problem.js'
import { headersTooLarge, malformedRequest, requestTimeout } from './problems.js'

/*
 * What comes over a connection and never becomes a request, because it is no HTTP, is too long
 * before it is one, or does not end: the answer is a problem like any other, and the connection
 * closes, because nobody can say where the next request would begin (RFC 9112 §9.6, §11.2).
 */

type ClientError = Error & Readonly<{ code?: string }>

const problemOf = ({ code }: ClientError) => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return requestTimeout({})
    case 'HPE_HEADER_OVERFLOW': return headersTooLarge({})
    default: return malformedRequest({})
  }
}

/** For the server's `clientError` event. There is no request whose language could be asked for: it is Chinese. */
export const refuseConnection = (error: ClientError, socket: Socket): void => {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const { code, detail, kind: { status, title } } = problemOf(error)
    const requestId = newId('req', 0)
    const body = JSON.stringify({ type: `/v1/problems#${code}`, title: inLanguage(title, 'zh-CN'), status, code, detail: inLanguage(detail, 'zh-CN'), requestId })
    socket.write([
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'content-type: application/problem+json; charset=utf-8', `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store', 'x-content-type-options: nosniff', `x-request-id: ${requestId}`, 'connection: close', '', body
    ].join('\r\n'))
  }
  socket.destroy()
}
