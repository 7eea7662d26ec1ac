import { setTimeout as sleep } from 'node:timers/promises'
import { ports, type Fault } from './plan.js'
import type { World } from './world.js'

/** What strikes. Each returns when its own effect is over; the storm's end heals what is left of it. */

const effects = ['refused', 'lost'] as const
const bankAnswers = ['paid', 'paid', 'returned', 'unknown'] as const

/** Directly at the process: an order that never arrives is no fault. */
const order = async ({ services }: World, service: number, path: string, body: object): Promise<boolean> => {
  const port = services[service]?.port
  return fetch(`http://127.0.0.1:${port}/v1${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(3_000)
  }).then(({ ok }) => ok, () => false)
}

/** @returns what was struck, for the count; undefined where the blow did not land */
export const strike = async (world: World, { kind, lastsMs, service, which }: Fault): Promise<string | undefined> => {
  const { services, databaseWires, clientWires, postgres, database } = world
  switch (kind) {
    case 'kill-service': services[service]?.signal('SIGKILL'); break
    case 'kill-both': for (const one of services) one.signal('SIGKILL'); break
    case 'kill-postgres': await postgres.kill(); break
    case 'kill-backend': await postgres.killBackend(database, which).catch(() => undefined); break
    case 'freeze-service': services[service]?.signal('SIGSTOP'); await sleep(lastsMs); services[service]?.signal('SIGCONT'); break
    case 'cut-database': databaseWires[service]?.cut(); break
    case 'stall-database': databaseWires[service]?.stall(); await sleep(lastsMs); databaseWires[service]?.mend(); break
    case 'cut-clients': clientWires[service]?.break(); await sleep(Math.min(lastsMs, 500)); clientWires[service]?.mend(); break
    case 'stall-clients': clientWires[service]?.stall(); await sleep(lastsMs); clientWires[service]?.mend(); break
    case 'bank-answers': {
      const outcome = bankAnswers[which % bankAnswers.length]
      return await order(world, service, '/sandbox/bank/payouts', { outcome }) ? `bank answers ${outcome}` : undefined
    }
    case 'port': {
      const [port, effect] = [ports[which % ports.length], effects[Math.floor(which / ports.length) % 2]]
      return await order(world, service, '/sandbox/faults', { port, effect, calls: 1 + Math.floor(which / 12) % 12 }) ? `${port} ${effect}` : undefined
    }
  }
  return kind
}

/** Mends everything, and waits until both processes are ready. */
export const heal = async (world: World): Promise<void> => {
  for (const wire of [...world.databaseWires, ...world.clientWires]) wire.mend()
  await world.postgres.ready()
  for (const service of world.services) service.signal('SIGCONT')
  await Promise.all(world.services.map((service) => service.ready()))
  for (let service = 0; service < world.services.length; service++) {
    for (const port of ports) await order(world, service, '/sandbox/faults', { port, effect: 'refused', calls: 0 })
  }
  await order(world, 0, '/sandbox/bank/payouts', { outcome: 'paid' })
}
