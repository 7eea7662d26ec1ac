import { rmSync } from 'node:fs'
import { startEmbedded } from '../../src/db/embedded.js'
import { dropDatabase, readCluster } from './cluster.js'

const { nodes, template, directory } = readCluster()

if (directory !== null) {
  const server = await startEmbedded({ dataDirectory: directory, durable: false })
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
} else {
  await dropDatabase(nodes, template)
}
