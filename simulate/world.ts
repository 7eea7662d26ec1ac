import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { emptyDirectory, freePort } from '../demo/service.js'
import { createClient, type Call, type Client, type Reply } from './client.js'
import { openCast, type Cast } from './people.js'
import { startPostgres, type Postgres } from './postgres.js'
import { keepService, type KeptService } from './process.js'
import { openWire, type Wire } from './proxy.js'

/** A database server, and worlds on it: two processes each, with a wire on either side of both. */

export type World = Readonly<{
  database: string
  postgres: Postgres
  services: readonly KeptService[]
  databaseWires: readonly Wire[]
  clientWires: readonly Wire[]
  client: Client
  /** answers that said the service itself was at fault */
  faults: string[]
  logFile: string
  directory: string
  close: () => Promise<void>
}>

export const processes = 2

type Options = Readonly<{ main: string; postgres: Postgres; directory: string }>

const openWorld = async ({ main, postgres, directory }: Options, database: string): Promise<World> => {
  const logFile = join(directory, `${database}.log`)
  const dataDirectory = join(directory, `${database}-files`)
  const faults: string[] = []
  const parts = await Promise.all(Array.from({ length: processes }, async () => {
    const databaseWire = await openWire(postgres.port)
    const port = await freePort()
    const clientWire = await openWire(() => port)
    const databaseUrl = new URL(postgres.url(database))
    databaseUrl.port = String(databaseWire.port)
    return { databaseWire, clientWire, service: keepService({ main, port, databaseUrl: databaseUrl.href, dataDirectory, logFile }) }
  }))
  const onFault = ({ method, path }: Call, { body }: Reply): void => { faults.push(`${method} ${path} answered 500: ${JSON.stringify(body)}`) }
  const client = createClient(parts.map(({ clientWire }) => clientWire.port), onFault)
  const services = parts.map(({ service }) => service)
  await Promise.all(services.map((service) => service.ready()))
  return {
    database, postgres, services, client, faults, logFile, directory,
    databaseWires: parts.map(({ databaseWire }) => databaseWire), clientWires: parts.map(({ clientWire }) => clientWire),
    close: async () => {
      client.close()
      for (const { databaseWire, clientWire } of parts) { databaseWire.mend(); clientWire.mend() }
      await Promise.all(services.map((service) => service.stop()))
      for (const { databaseWire, clientWire } of parts) { await databaseWire.close(); await clientWire.close() }
    }
  }
}

const templateName = 'stage'

export type Theatre = Readonly<{
  cast: Cast
  directory: string
  /** A world of its own: the same people, and nothing bought yet. */
  open: () => Promise<World>
  /** Closes a world and drops its database. */
  strike: (world: World) => Promise<void>
  close: (options?: { keep?: boolean }) => Promise<void>
  /** Ends at once whatever is running. */
  abandon: () => Promise<void>
}>

/** Starts the server and sets the stage once; every world begins as a copy of it. */
export const openTheatre = async (main: string): Promise<Theatre> => {
  const directory = emptyDirectory('ticun-simulate-')
  const postgres = await startPostgres(join(directory, 'data'))
  const options = { main, postgres, directory }
  const sql = (text: string) => postgres.asOwner('postgres', (client) => client.query(text))
  const setStage = async (): Promise<Cast> => {
    await sql(`create database ${templateName}`)
    const first = await openWorld(options, templateName)
    try {
      return await openCast(first.client)
    } finally {
      await first.close()
    }
  }
  const cast = await setStage().catch(async (error: unknown) => { await postgres.stop(); throw error })
  let opened = 0
  let running: World | undefined
  return {
    cast, directory,
    open: async () => {
      const name = `world_${++opened}`
      await postgres.ready()
      await sql(`create database ${name} template ${templateName}`)
      running = await openWorld(options, name)
      return running
    },
    strike: async (world) => {
      running = undefined
      await world.close()
      await sql(`drop database if exists ${world.database} with (force)`)
      rmSync(join(directory, `${world.database}-files`), { recursive: true, force: true })
    },
    abandon: async () => {
      await running?.close()
      await postgres.stop()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
    close: async ({ keep = false } = {}) => {
      await postgres.stop()
      if (!keep) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}
