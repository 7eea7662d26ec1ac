import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

export type Received = Readonly<{ path: string; headers: IncomingHttpHeaders; raw: string; body: any }>

/** A receiver of webhooks on this machine: what it got, and what it answers from now on (a status; `hang`: never). */
export const startReceiver = async (t: Test) => {
  const received: Received[] = []
  const state = { answer: 204 as number | 'hang', location: undefined as string | undefined }
  const server = createServer(async (request, response) => {
    const raw = await text(request)
    received.push({ path: request.url ?? '', headers: request.headers, raw, body: JSON.parse(raw) })
    if (state.answer === 'hang') return
    response.writeHead(state.answer, state.location === undefined ? {} : { location: state.location }).end()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, state }
}
