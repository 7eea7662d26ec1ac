import type { AddressInfo } from 'node:net'
import pg from 'pg'
import type { Test } from 'tap'
import { verifierKeyOf, type VerifierKey } from '../../src/verify/note.js'
import { findLog, type RemoteLog } from '../../src/verify/remote.js'
import { type Settings, startApp, type TestApp } from '../support/app.js'
import { newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'
import { visit } from '../settlement/support.js'

export type World = Readonly<{
  app: TestApp
  owner: pg.Client
  url: string
  remote: RemoteLog
  key: VerifierKey
  shop: Shop
  consumer: Consumer
  contractId: string
  redemptionId: string
}>

/** A service at an address, one contract with a redemption, and its log, read as outsiders do. */
export const newWorld = async (t: Test, settings: Settings = {}): Promise<World> => {
  const app = await startApp(t, settings)
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.app.server.address() as AddressInfo).port}`
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  const shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, productId)
  const { id: redemptionId } = await visit(consumer, shop, contractId)
  await app.keepEvidence()
  const key = verifierKeyOf((await app.nobody.get('/evidence/key')).body)
  return { app, owner, url, remote: await findLog(url), key, shop, consumer, contractId, redemptionId }
}

/** The receipt of a thing, as its file. */
export const receiptFile = async (consumer: Pick<Consumer, 'get'>, path: string): Promise<string> =>
  JSON.stringify(expectStatus(await consumer.get(`${path}/receipt`), 200).body, null, 2)

/** Does something to the database as its owner, and has the log's own keeper hash and sign everything anew. */
export const rewriteHistory = async ({ app, owner }: World, attack: string): Promise<void> => {
  await owner.query(`delete from evidence_positions; delete from evidence_tiles; delete from evidence_checkpoints; delete from evidence_timestamps; ${attack}`)
  await app.keepEvidence()
}
