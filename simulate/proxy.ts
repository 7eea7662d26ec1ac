import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A wire between two processes that can be cut and held up. */
export type Wire = Readonly<{
  port: number
  /** Ends every connection at once, in the middle of whatever it carries. */
  cut: () => void
  /** Nothing gets through in either direction, and nothing is refused. */
  stall: () => void
  /** New connections are refused until it is mended. */
  break: () => void
  mend: () => void
  close: () => Promise<void>
}>

export const openWire = async (toPort: () => number): Promise<Wire> => {
  const sockets = new Set<Socket>()
  const state = { isStalled: false, isBroken: false }

  const join = (from: Socket): void => {
    if (state.isBroken) { from.destroy(); return }
    const to = connect(toPort(), '127.0.0.1')
    for (const [one, other] of [[from, to], [to, from]] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('data', (bytes) => { if (!other.write(bytes)) one.pause() })
      other.on('drain', () => { if (!state.isStalled) one.resume() })
      one.on('error', () => other.destroy())
      one.on('end', () => other.end())
      one.on('close', () => { sockets.delete(one); other.destroy() })
      if (state.isStalled) one.pause()
    }
  }

  const server = createServer(join)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => { for (const socket of sockets) socket.destroy() }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stall: () => { state.isStalled = true; for (const socket of sockets) socket.pause() },
    break: () => { state.isBroken = true; cut() },
    mend: () => { Object.assign(state, { isStalled: false, isBroken: false }); for (const socket of sockets) socket.resume() },
    close: async () => { cut(); server.close() }
  }
}
