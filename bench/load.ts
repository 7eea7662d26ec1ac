import { connect, type Socket } from 'node:net'

/*
 * A load generator that costs little, because it shares two cores with what it measures: keep-alive
 * HTTP/1.1 over bare sockets, one request in flight a connection.
 */

export type Request = Readonly<{ method: string; path: string; headers: Record<string, string>; body?: string }>

export type LoadResult = Readonly<{ perSecond: number; p50Ms: number; p99Ms: number; errors: number; requests: number; statuses: Record<string, number> }>

export type LoadOptions = Readonly<{
  host: string
  /** The connections are shared out evenly among them. */
  ports: readonly number[]
  connections: number
  seconds: number
  /** The next request, or undefined when there are no more. */
  next: () => Request | undefined
}>

export const encode = ({ method, path, headers, body = '' }: Request, host: string): string =>
  `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Where an answer with Content-Length ends in what has arrived, and its status; undefined while it is not whole. */
export const answerEnd = (received: Buffer): { end: number; status: string } | undefined => {
  const head = received.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const text = received.toString('latin1', 0, head)
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`an answer without Content-Length: ${text}`)
  const end = head + 4 + Number(length)
  return received.length < end ? undefined : { end, status: text.slice(9, 12) }
}

export const load = async ({ host, ports, connections, seconds, next }: LoadOptions): Promise<LoadResult> => {
  const latencies: number[] = []
  const statuses: Record<string, number> = {}
  const started = performance.now()
  const until = started + seconds * 1000
  let errors = 0

  const drive = (socket: Socket): Promise<void> => new Promise((resolve) => {
    let received = Buffer.alloc(0)
    let sentAt = 0
    const send = (): void => {
      const request = performance.now() < until ? next() : undefined
      if (request === undefined) {
        socket.end()
        resolve()
        return
      }
      sentAt = performance.now()
      socket.write(encode(request, host))
    }
    socket.on('data', (data) => {
      received = received.length === 0 ? data : Buffer.concat([received, data])
      const answer = answerEnd(received)
      if (answer === undefined) return
      received = received.subarray(answer.end)
      latencies.push(performance.now() - sentAt)
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      if (!answer.status.startsWith('2')) errors += 1
      send()
    })
    socket.on('error', () => { errors += 1; resolve() })
    socket.on('close', () => { resolve() })
    send()
  })

  const sockets = await Promise.all(Array.from({ length: connections }, (_, i) => new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host, port: ports[i % ports.length] as number, noDelay: true }, () => { resolve(socket) })
    socket.once('error', reject)
  })))
  await Promise.all(sockets.map(drive))
  const elapsed = (performance.now() - started) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Math.round((latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0) * 10) / 10
  return { perSecond: Math.round(latencies.length / elapsed), p50Ms: at(0.5), p99Ms: at(0.99), errors, requests: latencies.length, statuses }
}
