import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { ConfigError, configOf } from '../../src/config.js'
import { createFolderShelf } from '../../src/storage/folder.js'
import { createS3Shelf } from '../../src/storage/s3.js'
import { createStorage, FileCorrupt, FileMissing, FileTooLarge, type Shelf } from '../../src/storage/storage.js'
import { startBucket } from './s3-server.js'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const pieces = async function * (...chunks: Uint8Array[]) { yield * chunks }

const secret = 'a secret of the bucket'
const bucketOf = (endpoint: string, options = {}) =>
  createS3Shelf({ endpoint, region: 'cn-shanghai', bucket: 'evidence', accessKeyId: 'key', secretAccessKey: secret, pathStyle: true, ...options })

const shelves: Record<string, (t: Test, directory: string) => Promise<Shelf>> = {
  'a folder': async (_, directory) => createFolderShelf(join(directory, 'files')),
  'a bucket': async (t) => bucketOf((await startBucket(t, { secret })).endpoint)
}

for (const [name, shelf] of Object.entries(shelves)) {
  t.test(`${name} keeps a file by the hash of its content`, async (t) => {
    const directory = t.testdir()
    const incoming = join(directory, 'incoming')
    const storage = createStorage({ directory: incoming, shelf: await shelf(t, directory) })
    const content = randomBytes(300_000)
    const hash = sha256(content)

    t.equal(await storage.has(hash), false)
    await t.rejects(storage.open(hash), FileMissing)
    t.same(await storage.put(pieces(content.subarray(0, 70_000), content.subarray(70_000))), { sha256: hash, size: 300_000 })
    t.equal(await storage.has(hash), true)
    t.ok((await buffer(await storage.open(hash))).equals(content))
    t.same(await storage.put(content), { sha256: hash, size: 300_000 }, 'the same again is the same')
    t.same(await storage.put(new Uint8Array()), { sha256: sha256(Buffer.alloc(0)), size: 0 })
    t.equal((await buffer(await storage.open(sha256(Buffer.alloc(0))))).length, 0, 'an empty file is a file')
    t.same(await readdir(incoming), [], 'nothing is left where files come in')
    await storage.remove(hash)
    t.equal(await storage.has(hash), false, 'taken away')
    await t.resolves(storage.remove(hash), 'and once more')
  })

  t.test(`${name} keeps nothing of a file that is refused on its way`, async (t) => {
    const directory = t.testdir()
    const incoming = join(directory, 'incoming')
    const storage = createStorage({ directory: incoming, shelf: await shelf(t, directory) })
    const broken = async function * () { yield Buffer.from('half'); throw new Error('the line is dead') }

    await t.rejects(storage.put(pieces(Buffer.alloc(6), Buffer.alloc(5)), { maxBytes: 10 }), FileTooLarge)
    await t.resolves(storage.put(pieces(Buffer.alloc(6), Buffer.alloc(4)), { maxBytes: 10 }), 'exactly the limit is allowed')
    await t.rejects(storage.put(broken()), /the line is dead/)
    const inspect = async ({ size, read }: { size: number; read: (options?: { end?: number }) => AsyncIterable<Uint8Array> }) => {
      t.equal(size, 8)
      t.equal((await buffer(read({ end: 2 }))).toString(), 'inf')
      throw new Error('unwanted')
    }
    await t.rejects(storage.put(Buffer.from('infected'), { inspect }), /unwanted/)
    for (const bytes of [Buffer.alloc(11), Buffer.from('half'), Buffer.from('infected')]) t.equal(await storage.has(sha256(bytes)), false)
    t.same(await readdir(incoming), [])
  })
}

t.test('a file that changed on the disk is not passed on as the one it was', async (t) => {
  const directory = t.testdir()
  const storage = createStorage({ directory: join(directory, 'incoming'), shelf: createFolderShelf(join(directory, 'files')) })
  const { sha256: hash } = await storage.put(randomBytes(200_000))
  const path = join(directory, 'files', hash.slice(0, 2), hash)
  t.equal((await stat(path)).mode & 0o777, 0o600, 'and others of the machine cannot read it')
  await writeFile(path, randomBytes(200_000))
  await t.rejects(buffer(await storage.open(hash)), FileCorrupt)
  let passedOn = 0
  await t.rejects(async () => { for await (const chunk of await storage.open(hash)) passedOn += chunk.length }, FileCorrupt)
  t.ok(passedOn < 200_000, 'nobody gets the whole of it')
})

t.test('the same file at once, many times', async (t) => {
  const directory = t.testdir()
  const storages = [1, 2].map(() => createStorage({ directory: join(directory, 'incoming'), shelf: createFolderShelf(join(directory, 'files')) }))
  const content = randomBytes(50_000)
  const stored = await Promise.all(Array.from({ length: 20 }, (_, i) => storages[i % 2]!.put(content)))
  t.equal(new Set(stored.map((file) => file.sha256)).size, 1)
  t.ok((await buffer(await storages[0]!.open(stored[0]!.sha256))).equals(content))
})

t.test('what a struck-down process left is swept away, and what is coming in is not', async (t) => {
  const directory = t.testdir()
  const incoming = join(directory, 'incoming')
  await mkdir(incoming)
  for (const name of ['old', 'new']) await writeFile(join(incoming, name), '')
  await utimes(join(incoming, 'old'), new Date(0), new Date(0))
  await createStorage({ directory: incoming, shelf: createFolderShelf(join(directory, 'files')) }).put(Buffer.from('x'))
  t.same(await readdir(incoming), ['new'])
})

t.test('a bucket', async (t) => {
  const bucket = await startBucket(t, { secret })
  const inBucket = (shelf: Shelf) => createStorage({ directory: join(t.testdirName, 'incoming'), shelf })
  const storage = inBucket(bucketOf(bucket.endpoint))

  t.test('is sent each content once, under its hash', async (t) => {
    const { sha256: hash } = await storage.put(Buffer.from('once'))
    await storage.put(Buffer.from('once'))
    t.same([...bucket.objects.keys()], [`/evidence/sha256/${hash.slice(0, 2)}/${hash}`])
    t.equal(bucket.requests.filter((line) => line.startsWith('PUT')).length, 1)
  })

  t.test('that is at fault is to be tried again; one that refuses our key is for the operator', async (t) => {
    bucket.state.fault = 503
    await t.rejects(storage.put(Buffer.from('later')), { code: 'unavailable' })
    bucket.state.fault = undefined
    const refused = await inBucket(bucketOf(bucket.endpoint, { secretAccessKey: 'another' })).put(Buffer.from('later')).catch((error: unknown) => error)
    t.match(refused, { $metadata: { httpStatusCode: 403 } })
    await t.rejects(inBucket(bucketOf('http://127.0.0.1:1')).put(Buffer.from('later')), { code: 'unavailable' })
    t.equal(await storage.has(sha256(Buffer.from('later'))), false)
  })

  t.test('of which a file came back changed passes nothing on as the file', async (t) => {
    const { sha256: hash } = await storage.put(Buffer.from('true'))
    bucket.objects.set(`/evidence/sha256/${hash.slice(0, 2)}/${hash}`, Buffer.from('fake'))
    await t.rejects(buffer(await storage.open(hash)), FileCorrupt)
  })
})

t.test('a bucket is set by its address, and then needs all that belongs to it', async (t) => {
  t.equal(configOf({}).s3, undefined)
  const complete = { S3_ENDPOINT: 'https://oss-cn-shanghai.example', S3_REGION: 'cn-shanghai', S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' }
  t.match(configOf(complete).s3, { endpoint: complete.S3_ENDPOINT, bucket: 'b', pathStyle: false })
  for (const name of ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY']) t.throws(() => configOf({ ...complete, [name]: '' }), ConfigError)
})
