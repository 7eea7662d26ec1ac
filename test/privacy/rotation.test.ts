import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { createAdministration } from '../../src/administration.js'
import { deriveKey } from '../../src/config.js'
import { createPool } from '../../src/db/client.js'
import { createVault, type IndexRing, type KeyRing } from '../../src/kernel/vault.js'
import { sealedTables } from '../../src/privacy/columns.js'
import { createRotation, type Progress } from '../../src/privacy/rotation.js'
import { createFolderShelf } from '../../src/storage/folder.js'
import { createStorage } from '../../src/storage/storage.js'
import { samples, sendParts } from '../casefiles/files.js'
import { startApp } from '../support/app.js'
import { createDatabase, sandboxConfig } from '../support/database.js'
import { newConsumer, newIdNumber, signIn } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(120_000)

const old: KeyRing[number] = { id: 'k1', key: randomBytes(32) }
const anew: KeyRing[number] = { id: 'k2', key: randomBytes(32), cipher: 'sm4' }
const derived: IndexRing[number] = { id: undefined, key: deriveKey(sandboxConfig.secret, 'blind index') }
const newIndex: IndexRing[number] = { id: 'i2', key: randomBytes(32), hash: 'sm3' }

t.test('the declared list names every sealed column, index and file of the database, and nothing else', async (t) => {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await database.drop()
  })
  const { rows } = await client.query(`
    select table_name || '.' || column_name as name from information_schema.columns
    join pg_class c on c.relname = table_name and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    where table_schema = 'public' and (column_name ~ '_sealed$' or (data_type = 'bytea' and column_name ~ '_index$') or column_name ~ '(^|_)file$')
      and table_name !~ '^sandbox_' and table_name <> 'cap_holders'`)
  const declared = sealedTables.flatMap(({ table, sealed = [], indexes = [], files = [] }) => [...sealed, ...indexes, ...files].map(({ column }) => `${table}.${column}`))
  t.same(declared.filter((name) => name !== 'outbox.payload').sort(), rows.map(({ name }) => name).sort())
})

t.test('keys are changed while the service runs, and the work may be cut off', async (t) => {
  const before = await startApp(t, { dataKeys: [old], indexKeys: [derived] })
  const consumer = await newConsumer(before, { legalName: '上官婉清' })
  const shop = await newShop(before)
  const productId = await listProduct(before, shop, { priceFen: 900_000, sessions: 40 })
  const contractId = await buy(before, consumer, productId)
  const { body: { id: disputeId } } = expectStatus(await consumer.post('/disputes', { contractId, claimFen: 1_000, ground: 'other', statement: '未开课' }), 201)
  const { body: file } = expectStatus(await sendParts(before, consumer, `/disputes/${disputeId}/evidence`, [{ field: 'file', value: samples.pdf, filename: '凭证.pdf' }]), 201)
  const documentOf = async (api: Pick<typeof consumer, 'get'>) => (await api.get(`/contracts/${contractId}/document`)).bytes as Buffer
  const document = await documentOf(consumer)
  const { database, dataDirectory } = before
  // Dropped with the first that used it.
  const shared = { ...database, drop: () => Promise.resolve() }

  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  const pool = createPool({ connectionString: database.ownerUrl, max: 2, onError: () => undefined })
  t.teardown(async () => {
    await client.end()
    await pool.end()
  })
  const rings = { data: [anew, old], index: [newIndex, derived] }
  const vault = createVault(rings.data, rings.index)
  const storage = createStorage({ directory: join(dataDirectory, 'incoming'), shelf: createFolderShelf(join(dataDirectory, 'files')) })
  const rotation = (onBatch: (progress: Progress) => void = () => undefined) => createRotation({ pool, vault, rings, storage, batchMax: 3, onBatch })
  const held = async (key: string) => (await rotation().status()).find((use) => use.key === key)

  t.match(await held('k1'), { isNewest: false })
  const atFirst = await held('k1') as { values: number; files: number }
  t.ok(atFirst.values > 30 && atFirst.files >= 2, JSON.stringify(atFirst))

  // Every process opens and looks up by both before anything is sealed by the new one.
  const during = await startApp(t, { ...rings, dataKeys: rings.data, indexKeys: rings.index, dataDirectory }, shared)
  const cut = async (after: number) => {
    let batches = 0
    await t.rejects(rotation(() => { if (++batches > after) throw new Error('cut off') }).rotate(), /cut off/)
  }
  for (const after of [0, 3, 9]) {
    await cut(after)
    const again = await signIn(during, { phone: consumer.phone, end: 'consumer' })
    t.equal(again.userId, consumer.userId, 'found by the old index or the new one')
    t.ok((await documentOf(again)).equals(document))
    t.match(await again.post('/contracts', { productId: await listProduct(during, { owner: await signIn(during, { phone: shop.ownerPhone, end: 'merchant', merchantId: shop.merchantId }), notary: shop.notary }, { priceFen: 1_500_000, sessions: 40 }) }), { status: 422, body: { code: 'cap_exceeded' } }, 'the cap holds in the middle of it')
  }
  const halfway = await held('k1') as { values: number }
  t.ok(halfway.values > 0 && halfway.values < atFirst.values + 10)
  const newcomer = await newConsumer(during)
  const [first, second] = await Promise.all([rotation().rotate(), rotation().rotate()])
  t.same([first, second].flat().filter(({ isNewest, values, files }) => !isNewest && values + files > 0), [], 'two at once do no harm')

  t.match(await rotation().status(), [
    { key: 'k2', kind: 'data', isNewest: true, files: atFirst.files }, { key: 'k1', kind: 'data', isNewest: false, values: 0, files: 0 },
    { key: 'i2', kind: 'index', isNewest: true }, { key: 'secret', kind: 'index', isNewest: false, values: 0 }
  ])
  const administration = createAdministration({ config: { ...sandboxConfig, dataKeys: rings.data, indexKeys: rings.index, dataDirectory }, serviceUrl: database.serviceUrl, ownerUrl: database.ownerUrl, isCluster: database.isCluster })
  t.match(await administration.run(['keys:status']), /data key k1: holds nothing: it may leave the ring[\s\S]*index key secret: holds nothing: it may leave the ring/)
  t.match(await administration.run(['keys:rotate']), /data key k2 \(newest\): \d+ values, \d+ files/, 'once more changes nothing')
  await administration.close()

  const after = await startApp(t, { dataKeys: [anew], indexKeys: [newIndex], dataDirectory }, shared)
  for (const { phone, userId } of [consumer, newcomer]) t.equal((await signIn(after, { phone, end: 'consumer' })).userId, userId, 'with the new keys alone')
  const person = await signIn(after, { phone: consumer.phone, end: 'consumer' })
  t.ok((await documentOf(person)).equals(document), 'files too')
  t.ok((await person.get(`/disputes/${disputeId}/evidence/${file.id}`)).status < 400)
  t.match(await person.get('/me'), { body: { legalName: '上***', identityVerified: true } })
  t.match(await newConsumer(after, { idNumber: consumer.idNumber }).then((twin) => twin.post('/contracts', { productId })).then(async ({ status }) => status), 201, 'up to the cap')
  const twin = await newConsumer(after, { idNumber: consumer.idNumber })
  t.match(await twin.post('/contracts', { productId }), { status: 422, body: { code: 'cap_exceeded' } }, 'and no further, by another phone of the same person')
  t.equal((await newConsumer(after, { idNumber: newIdNumber() }).then((stranger) => stranger.post('/contracts', { productId }))).status, 201)
})
