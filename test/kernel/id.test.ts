import fc from 'fast-check'
import t from 'tap'
import { TypeID } from 'typeid-js'
import { idOf, idSchema, isId, newId, officeOf, OfficeNumber, uuidOf } from '../../src/kernel/id.js'

const uuidBytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
const dashed = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const prefix = fc.constantFrom('ctr', 'pay', 'red', 'per')

t.test('the codec agrees with the reference implementation, both ways', async () => {
  fc.assert(fc.property(uuidBytes, prefix, (bytes, prefix) => {
    const uuid = dashed(bytes)
    const ours = idOf(prefix, uuid)
    return ours === TypeID.fromUUIDBytes(prefix, bytes).toString() && uuidOf(ours) === uuid &&
      dashed(TypeID.fromString(ours, prefix).toUUIDBytes()) === uuid
  }), { numRuns: 2_000 })
})

t.test('a text is an id exactly where the reference implementation takes it', async () => {
  const suffix = fc.string({ unit: fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyzilouA-_ é'), minLength: 24, maxLength: 28 })
  const valid = fc.string({ unit: fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), minLength: 26, maxLength: 26 })
  fc.assert(fc.property(fc.oneof(suffix, valid), (suffix) => {
    const accepted = (() => {
      try {
        return TypeID.fromString(`ctr_${suffix}`, 'ctr').getSuffix() === suffix
      } catch {
        return false
      }
    })()
    return isId('ctr', `ctr_${suffix}`) === accepted
  }), { numRuns: 2_000 })
})

t.test('what is no id of its kind is refused, at the edge and inside', async (t) => {
  const good = newId('ctr', 1)
  const schema = idSchema('ctr')
  t.ok(schema.safeParse(good).success)
  for (const bad of [
    '', 'ctr', 'ctr_', good.toUpperCase(), `${good}0`, good.slice(0, -1), good.replace('ctr', 'pay'), ` ${good}`, `${good}\n`,
    `ctr_8${good.slice(5)}`, `ctr_${'i'.repeat(26)}`, `ctr_${'é'.repeat(26)}`, `ctr__${good.slice(5)}`, 1, null, undefined, [good], { toString: () => good }
  ]) {
    t.notOk(schema.safeParse(bad).success, JSON.stringify(bad))
  }
  t.throws(() => uuidOf('ctr_nonsense'), { name: 'TypeError' })
})

t.test('an id carries its office, and 0 is for none', async (t) => {
  for (const office of [0, 1, 2, 255, 256, 65_535]) t.equal(officeOf(newId('ctr', office)), office)
  t.equal(officeOf('nonsense'), 0)
  t.notOk(OfficeNumber.safeParse(0).success)
  t.notOk(OfficeNumber.safeParse(65_536).success)
})

t.test('ids sort in the order they were made, and are UUIDs of version 7', async (t) => {
  const ids = Array.from({ length: 20_000 }, (_, i) => newId('trf', i % 3))
  t.same(ids.toSorted(), ids)
  t.equal(new Set(ids).size, ids.length)
  const uuids = ids.map(uuidOf)
  t.same(uuids.toSorted(), uuids, 'the database sorts them so too')
  t.ok(uuids.every((uuid) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid)))
  const [newest] = [newId('trf', 1)]
  t.ok(Math.abs(Number.parseInt(uuidOf(newest).replaceAll('-', '').slice(0, 12), 16) - Date.now()) < 1_000)
})
