import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { unavailable } from '../kernel/problems.js'

/** Looks for malware in a file. @returns what was found; undefined for nothing. @throws unavailable (503) when it cannot say */
export type ScanFile = (content: AsyncIterable<Uint8Array>) => Promise<string | undefined>

type Options = Readonly<{ host: string; port: number; timeoutMs?: number }>

const framed = (chunk: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(chunk.length)
  return Buffer.concat([length, chunk])
}

/** clamd's INSTREAM: pieces with their length before each, an empty one at the end. */
const stream = async function * (content: AsyncIterable<Uint8Array>) {
  yield 'zINSTREAM\0'
  for await (const chunk of content) if (chunk.length > 0) yield framed(chunk)
  yield framed(new Uint8Array())
}

const ask = async ({ host, port, timeoutMs = 60_000 }: Options, content: AsyncIterable<Uint8Array>): Promise<string> => {
  const socket = connect({ host, port, timeout: timeoutMs, allowHalfOpen: true })
  socket.on('timeout', () => { socket.destroy(new Error('clamd does not answer')) })
  const answer = buffer(socket)
  // clamd answers and closes before the end of what it finds too long: its answer counts, not the broken pipe.
  const send = async () => {
    for await (const piece of stream(content)) {
      if (!socket.writable) return
      if (!socket.write(piece)) await new Promise((resolve) => { socket.once('drain', resolve).once('close', resolve) })
    }
  }
  try {
    const [bytes] = await Promise.all([answer, send()])
    return bytes.toString().replace(/\0.*$/s, '').trim()
  } finally {
    socket.destroy()
  }
}

/** A ClamAV daemon reached by TCP. A file it cannot look at is not taken. */
export const createClamav = (options: Options): ScanFile => async (content) => {
  const answer = await ask(options, content).catch((error: unknown) => { throw Object.assign(unavailable({ retryAfterSeconds: 10 }), { cause: error }) })
  if (answer === 'stream: OK') return undefined
  const found = /^stream: (.+) FOUND$/.exec(answer)?.[1]
  if (found === undefined) throw Object.assign(unavailable({ retryAfterSeconds: 10 }), { cause: new Error(`clamd answered: ${answer}`) })
  return found
}
