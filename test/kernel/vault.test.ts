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
