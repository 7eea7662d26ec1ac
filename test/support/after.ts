import { rmSync } from 'node:fs'
import pg from 'pg'
import { startEmbedded } from '../../src/db/embedded.js'
import { readCluster } from './cluster.js'

const { ownerUrl, template, directory } = readCluster()

if (directory !== null) {
  const server = await startEmbedded({ dataDirectory: directory, durable: false })
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
} else {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query(`drop database if exists ${template} with (force)`)
  await client.end()
}
