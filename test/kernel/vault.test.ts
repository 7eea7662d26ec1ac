import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { createVault } from '../../src/kernel/vault.js'

const keys = { old: { id: 'old', key: randomBytes(32) }, new: { id: 'new', key: randomBytes(32) } }
const vault = createVault([keys.new, keys.old], randomBytes(32))

const inPieces = async function * (bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

t.test('what is sealed as a stream is opened again, however it comes in pieces', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }), async (plain, there, back) => {
    const sealed = await buffer(vault.sealStream(inPieces(Buffer.from(plain), there), 'files'))
    const opened = await buffer(vault.openStream(inPieces(sealed, back), 'files'))
    return opened.equals(Buffer.from(plain)) && (plain.length < 4 || !sealed.includes(Buffer.from(plain)))
  }), { numRuns: 200 })
})

t.test('a sealed stream opens as what it was sealed as, whole and unchanged, or not at all', async (t) => {
  const plain = randomBytes(1_000)
  const sealed = await buffer(vault.sealStream(inPieces(plain, 100), 'files'))
  const changed = Buffer.from(sealed)
  changed[500]! ^= 1
  const openings: [string, Buffer, string][] = [
    ['changed', changed, 'files'], ['cut', sealed.subarray(0, -1), 'files'], ['longer', Buffer.concat([sealed, Buffer.from('x')]), 'files'],
    ['nothing', Buffer.alloc(0), 'files'], ['a piece of its head', sealed.subarray(0, 10), 'files'], ['something else', sealed, 'others'],
    ['of a key that is gone', Buffer.concat([Buffer.from('lost'), sealed.subarray(3)]), 'files']
  ]
  for (const [what, bytes, about] of openings) await t.rejects(buffer(vault.openStream(inPieces(bytes, 64), about)), what)
  const older = createVault([keys.old], randomBytes(32))
  t.ok((await buffer(vault.openStream(older.sealStream(inPieces(plain, 100), 'files'), 'files'))).equals(plain), 'an older key still opens')
})

t.test('each key belongs to one suite: SM4 with SM3 seals, opens, and refuses as AES does', (t) => {
  const sm4 = { id: 'cn', key: randomBytes(32), cipher: 'sm4' as const }
  const mixed = createVault([sm4, keys.new], randomBytes(32))
  const sealed = mixed.seal('身份证号 310105199001011234', 'people.id_number')
  t.match(sealed, /^cn\./)
  t.equal(mixed.open(sealed, 'people.id_number'), '身份证号 310105199001011234')
  t.not(mixed.seal('a', 'x'), mixed.seal('a', 'x'), 'a nonce of its own each time')
  const [id, body] = sealed.split('.') as [string, string]
  const bytes = Buffer.from(body, 'base64url')
  for (const at of [0, 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    t.throws(() => mixed.open(`${id}.${changed.toString('base64url')}`, 'people.id_number'), `byte ${at} changed`)
  }
  t.throws(() => mixed.open(sealed, 'people.name'), 'another column')
  t.throws(() => mixed.open(`${id}.${bytes.subarray(0, 20).toString('base64url')}`, 'people.id_number'), 'cut short')
  t.throws(() => createVault([{ ...sm4, key: randomBytes(32) }], randomBytes(32)).open(sealed, 'people.id_number'), 'another key')
  t.equal(mixed.open(vault.seal('older', 'x'), 'x'), 'older', 'what AES sealed opens beside it')
  t.end()
})

t.test('SM4 sealed as a stream is the same in one piece and in many, and refuses a changed one', async (t) => {
  const sm4 = createVault([{ id: 'cn', key: randomBytes(32), cipher: 'sm4' }], randomBytes(32))
  const plain = randomBytes(1_000)
  const sealed = await buffer(sm4.sealStream(inPieces(plain, 7), 'files'))
  t.ok((await buffer(sm4.openStream(inPieces(sealed, 13), 'files'))).equals(plain))
  const changed = Buffer.from(sealed)
  changed[500]! ^= 1
  for (const [bytes, about] of [[changed, 'files'], [sealed.subarray(0, -1), 'files'], [sealed, 'others']] as const) await t.rejects(buffer(sm4.openStream(inPieces(bytes, 64), about)))
})

t.test('a value is looked up by every index key, and indexed by the newest', (t) => {
  const [first, second] = [{ id: undefined, key: randomBytes(32) }, { id: 'i2', key: randomBytes(32), hash: 'sm3' as const }]
  const [before, both, after] = [createVault([keys.new], [first]), createVault([keys.new], [second, first]), createVault([keys.new], [second])]
  t.same(both.indexes('13700000001', 'phone'), [after.index('13700000001', 'phone'), before.index('13700000001', 'phone')])
  t.ok(both.index('13700000001', 'phone').equals(after.index('13700000001', 'phone')))
  t.same([before.index('1', 'x').length, after.index('1', 'x').length], [32, 36], 'what the key is stands in front, but for the first one')
  t.notOk(after.index('1', 'x').equals(after.index('1', 'y')))
  t.throws(() => createVault([keys.new], []))
  t.end()
})
