import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerEnd, encode, type Request } from './load.js'

/*
 * Load that comes by the clock and not by the answers: as many requests a second as were asked for,
 * each on a connection that has nothing under way, of which there are as many as it takes.
 */

export type Arrival = Readonly<{ sentAt: number; answeredAt: number; status: string; body: string }>

type Options = Readonly<{ host: string; ports: readonly number[]; perSecond: number; seconds: number; connectionsMax: number; next: () => Request }>

type Line = { socket: Socket; received: Buffer; sentAt: number }

/** The connections are shared out evenly among the ports. `unsent`: arrivals for which there was no free connection. */
export const openLoad = async ({ host, ports, perSecond, seconds, connectionsMax, next }: Options): Promise<{ arrivals: Arrival[]; unsent: number }> => {
  const arrivals: Arrival[] = []
  const idle: Line[] = []
  let [lines, opened, underWay, unsent] = [0, 0, 0, 0]

  const ended = (line: Line, status: string, body: string): void => {
    arrivals.push({ sentAt: line.sentAt, answeredAt: performance.now(), status, body })
    underWay -= 1
  }

  const openLine = (): Line => {
    lines += 1
    const line: Line = { socket: connect({ host, port: ports[opened++ % ports.length] as number, noDelay: true }), received: Buffer.alloc(0), sentAt: 0 }
    line.socket.on('data', (data) => {
      line.received = line.received.length === 0 ? data : Buffer.concat([line.received, data])
      const answer = answerEnd(line.received)
      if (answer === undefined) return
      const body = line.received.toString('utf8', line.received.indexOf('\r\n\r\n') + 4, answer.end)
      line.received = line.received.subarray(answer.end)
      ended(line, answer.status, body)
      line.sentAt = 0
      idle.push(line)
    })
    line.socket.on('error', () => undefined)
    line.socket.on('close', () => {
      lines -= 1
      const at = idle.indexOf(line)
      if (at >= 0) idle.splice(at, 1)
      else if (line.sentAt > 0) ended(line, 'closed', '')
    })
    return line
  }

  const send = (): void => {
    const line = idle.pop() ?? (lines < connectionsMax ? openLine() : undefined)
    if (line === undefined) {
      unsent += 1
      return
    }
    line.sentAt = performance.now()
    underWay += 1
    line.socket.write(encode(next(), host))
  }

  const begun = performance.now()
  for (let sent = 0; performance.now() - begun < seconds * 1_000; await sleep(2)) {
    const due = Math.floor((performance.now() - begun) / 1_000 * perSecond)
    for (; sent < due; sent++) send()
  }
  while (underWay > 0) await sleep(10)
  for (const { socket } of idle) socket.destroy()
  return { arrivals, unsent }
}
