import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { deriveKey } from '../../src/config.js'
import { createAuthority, newAuthority } from '../../src/evidence/authority.js'
import { checkpointText, newPrivateKey, noteKeyOf, signNote } from '../../src/evidence/note.js'
import { createTimestamper, type Tsa } from '../../src/evidence/timestamps.js'
import { createVault } from '../../src/kernel/vault.js'
import { checkpointOf, verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt } from '../../src/verify/receipt.js'
import { walk } from '../../src/verify/walk.js'
import { newWitnessKey, witnessKeyOf } from '../../src/witness/key.js'
import { memoryIn } from '../../src/witness/memory.js'
import { witnessOnce, type Memory } from '../../src/witness/witness.js'
import { sandboxConfig } from '../support/database.js'
import { newWorld, receiptFile, rewriteHistory, type World } from './support.js'

/*
 * What somebody could do to the evidence: with the file alone, with the database, and with the
 * database and the office's own key. Each is refused, by name.
 */

t.setTimeout(120_000)

const keptInMemory = (start?: string): Memory & { kept: string | undefined } => {
  const memory = { kept: start, recall: async () => memory.kept, remember: async (note: string) => { memory.kept = note } }
  return memory
}

const witnessKey = witnessKeyOf(newWitnessKey('bureau.example'))
const bureau = verifierKeyOf(witnessKey.verifierKey)

t.test('attacks on a receipt', async (t) => {
  const world = await newWorld(t, { processes: 1 })
  const { key, consumer, redemptionId, contractId, remote } = world
  const file = await receiptFile(consumer, `/contracts/${contractId}`)
  const receipt = JSON.parse(file)
  const authorities = receipt.timestamp.certificates
  t.ok(receipt.entries.length >= 2)

  /** The log's own signature over something else, as somebody who took its key would make. */
  const stolen = async (text: string): Promise<string> => {
    const { rows: [row] } = await world.owner.query("select key_sealed from evidence_keys where purpose = 'checkpoints'")
    const pem = createVault(sandboxConfig.dataKeys, deriveKey(sandboxConfig.secret, 'blind index')).open(row.key_sealed, 'evidence_keys.key_sealed')
    return signNote(text, noteKeyOf(key.name, pem))
  }
  const other = noteKeyOf(key.name, newPrivateKey())
  const { size, root } = checkpointOf(receipt.checkpoint)
  const forgedAuthority = await newAuthority('上海市长宁公证处 TSA', new Date())
  const forger = await createAuthority(forgedAuthority)

  /** A token over other bytes, or from an authority of one's own. */
  const tokenFrom = async (data: string): Promise<string> => {
    const tsa: Tsa = { pauseMs: 0, policy: undefined, trustedFor: async () => forgedAuthority.certificates, ask: async (_, request, at) => forger.answer(request, at) }
    return (await createTimestamper({ work: undefined as never, clock: { now: () => new Date() }, tsa }).tokenOver(1, Buffer.from(data))).token.toString('base64')
  }

  const attacks: [string, (copy: any) => void | Promise<void>, string][] = [
    ['an entry is changed', (copy) => { copy.entries[0].entry = copy.entries[0].entry.replace(/"occurredAt":"2/, '"occurredAt":"1') }, 'not_included'],
    ['an entry is another one\'s', (copy) => { copy.entries[0].entry = copy.entries[1].entry }, 'not_included'],
    ['entries are put in another order', (copy) => { [copy.entries[0].leafIndex, copy.entries[1].leafIndex] = [copy.entries[1].leafIndex, copy.entries[0].leafIndex] }, 'not_included'],
    ['a proof is cut', (copy) => { copy.entries[0].inclusionProof.pop() }, 'not_included'],
    ['a proof is made longer', (copy) => { copy.entries[0].inclusionProof.push(copy.entries[0].inclusionProof[0]) }, 'not_included'],
    ['a hash of a proof is none', (copy) => { copy.entries[0].inclusionProof[0] = 'AAAA' }, 'not_included'],
    ['a leaf is beyond the tree', (copy) => { copy.entries[0].leafIndex = size }, 'not_included'],
    ['the checkpoint says another size', (copy) => { copy.checkpoint = copy.checkpoint.replace(`\n${size}\n`, `\n${size + 1}\n`) }, 'bad_signature'],
    ['the checkpoint says another root', (copy) => { copy.checkpoint = copy.checkpoint.replace(root.toString('base64'), Buffer.alloc(32).toString('base64')) }, 'bad_signature'],
    ['the checkpoint is signed by another key of the same name', (copy) => { copy.checkpoint = signNote(checkpointText(key.name, size, root, 'sha256'), other); copy.log.key = other.verifierKey }, 'bad_signature'],
    ['the checkpoint is not signed', (copy) => { copy.checkpoint = copy.checkpoint.slice(0, copy.checkpoint.indexOf('—')) }, 'bad_note'],
    ['the checkpoint is of another log', async (copy) => { copy.checkpoint = await stolen(checkpointText('ticun.example/other', size, root, 'sha256')) }, 'wrong_log'],
    ['the checkpoint is of another root, signed with the stolen key', async (copy) => { copy.checkpoint = await stolen(checkpointText(key.name, size, Buffer.alloc(32), 'sha256')) }, 'not_included'],
    ['the log is said to be another', (copy) => { copy.log.origin = 'ticun.example/other' }, 'wrong_log'],
    ['the hash function is said to be another, signed with the stolen key', async (copy) => { copy.checkpoint = await stolen(checkpointText(key.name, size, root, 'sm3')) }, 'not_included'],
    ['the time-stamp is damaged', (copy) => { copy.timestamp.token = Buffer.from('nonsense').toString('base64') }, 'bad_timestamp'],
    ['the time-stamp is over other bytes', async (copy) => { copy.timestamp.token = await tokenFrom('another checkpoint') }, 'timestamp_of_other_data'],
    ['the time-stamp is of an authority of the same name', async (copy) => { copy.timestamp.token = await tokenFrom(copy.checkpoint) }, 'untrusted_authority'],
    ['the same is signed anew with the stolen key, under the old time-stamp', async (copy) => { copy.checkpoint = await stolen(`${checkpointText(key.name, size, root, 'sha256')}anew\n`) }, 'timestamp_of_other_data'],
    ['it is about something else', (copy) => { copy.about = redemptionId }, 'bad_entry'],
    ['it has no entry', (copy) => { copy.entries = [] }, 'not_a_receipt'],
    ['a detail is made up', (copy) => { copy.entries[0].openings = { ctr_1: { salt: '00', amountFen: '5' } } }, 'bad_opening']
  ]
  t.match(await checkReceipt(file, { key, authorities }), { about: contractId })
  for (const [what, attack, code] of attacks) {
    const copy = JSON.parse(file)
    await attack(copy)
    await t.rejects(checkReceipt(JSON.stringify(copy), { key, authorities }), { code }, what)
  }
  for (const junk of ['', '{', 'null', '[]', '{}', '{"format":"ticun-receipt/1"}']) await t.rejects(checkReceipt(junk, { key }), { code: 'not_a_receipt' }, junk)
  await t.rejects(checkReceipt(file, { key, witnesses: [bureau] }), { code: 'no_cosignature' }, 'nobody has witnessed it yet')

  t.test('a witness\'s cosignature counts where it is asked for, and only its own', async (t) => {
    const memory = keptInMemory()
    const { note } = await witnessOnce({ log: { ...remote, checkpoint: async () => receipt.checkpoint }, logKey: key, witnessKey, memory, now: () => new Date('2026-11-24T12:00:00Z') })
    const cosigned = JSON.stringify({ ...receipt, checkpoint: note, timestamp: null })
    t.same((await checkReceipt(cosigned, { key, witnesses: [bureau] })).cosignatures, [{ witness: 'bureau.example', at: new Date('2026-11-24T12:00:00Z') }])
    const stranger = verifierKeyOf(witnessKeyOf(newWitnessKey('bureau.example')).verifierKey)
    await t.rejects(checkReceipt(cosigned, { key, witnesses: [stranger] }), { code: 'no_cosignature' })
    const line = note.trimEnd().split('\n').at(-1) as string
    const bytes = Buffer.from(line.split(' ')[2] as string, 'base64')
    bytes[11] = (bytes[11] as number) ^ 1
    await t.rejects(checkReceipt(JSON.stringify({ ...receipt, timestamp: null, checkpoint: note.replace(line, `— bureau.example ${bytes.toString('base64')}`) }), { key, witnesses: [bureau] }), { code: 'bad_cosignature' }, 'its time was changed')
  })

  t.test('a time-stamp that is not what was asked for is not kept', async (t) => {
    const now = new Date()
    const asking = (ask: Tsa['ask'], more: Partial<Tsa> = {}) => createTimestamper({
      work: undefined as never, clock: { now: () => now }, tsa: { pauseMs: 0, policy: undefined, trustedFor: async () => forgedAuthority.certificates, ask, ...more }
    }).tokenOver(1, Buffer.from('a checkpoint'))
    const answer: Tsa['ask'] = (_, request, at) => forger.answer(request, at)
    t.ok((await asking(answer)).token.length > 100)
    const first: Buffer[] = []
    await asking(async (office, request, at) => { const answered = await answer(office, request, at); first.push(answered); return answered })
    await t.rejects(asking(async () => first[0] as Buffer), { code: 'other_request' }, 'an answer that was given before')
    await t.rejects(asking((office, request) => answer(office, request, new Date(now.getTime() - 3_600_000))), { code: 'other_time' }, 'another time')
    await t.rejects(asking(answer, { policy: '1.2.3.4' }), { code: 'other_policy' }, 'another policy')
    await t.rejects(asking(answer, { trustedFor: async () => authorities }), { code: 'untrusted_authority' }, 'another authority')
    await t.rejects(asking(async () => Buffer.from('3003020102', 'hex')), { code: 'not_granted' }, 'no answer')
    await t.rejects(asking(async () => Buffer.from('30053003020102', 'hex')), { code: 'not_granted', message: /status 2/ }, 'a refusal')
  })
})

const firstTwo = '(select id from evidence_entries where office_id = 1 order by id limit 2)'

/** What somebody with the database, and the service that holds the key, can do; and what it is called. */
const rewritings: [string, string, string][] = [
  ['an entry is changed', "update evidence_entries set entry = replace(entry, '\"version\":1', '\"version\": 1') where fact = 'units-released'", 'forked'],
  ['an entry is removed and another put in its place', "delete from evidence_entries where fact = 'units-released'; insert into evidence_entries (office_id, id, fact, subject, entry, created_at) select 1, 'ffffffff-ffff-7000-8000-000000000001', 'x', 'x', '{}', now()", 'forked'],
  ['entries change places', `update evidence_entries e set entry = other.entry from evidence_entries other
    where e.office_id = 1 and other.office_id = 1 and e.id <> other.id and e.id in ${firstTwo} and other.id in ${firstTwo}`, 'forked'],
  ['an entry is removed', "delete from evidence_entries where fact = 'units-released'", 'log_shrank'],
  ['the tail is cut', 'delete from evidence_entries where id in (select id from evidence_entries order by id desc limit 3)', 'log_shrank'],
  ['an entry is slipped in among the old', "insert into evidence_entries (office_id, id, fact, subject, entry, created_at) select 1, (left(id::text, 24) || '000000000000')::uuid, 'x', 'x', '{}', now() from evidence_entries order by id desc limit 1", 'not_an_extension']
]

t.test('everything hashed and signed anew by whoever owns the database and the key', async (t) => {
  const world: World = await newWorld(t, { processes: 1 })
  const { key, remote, owner, consumer, redemptionId } = world
  const file = await receiptFile(consumer, `/redemptions/${redemptionId}`)
  const memory = keptInMemory()
  await witnessOnce({ log: remote, logKey: key, witnessKey, memory, now: () => new Date() })
  const kept = await walk(remote, key, undefined)
  const seen = memory.kept as string
  await owner.query('create table kept_entries as select * from evidence_entries')

  for (const [what, attack, code] of rewritings) {
    await t.test(what, async (t) => {
      await rewriteHistory(world, `delete from evidence_entries; insert into evidence_entries select * from kept_entries; ${attack}`)
      t.ok((await walk(remote, key, undefined)).checkpoint.size > 0, 'to who has kept nothing it looks whole')
      await t.rejects(walk(remote, key, kept), { code }, 'who kept a checkpoint sees it')
      const forgetful = keptInMemory(seen)
      const alarm: any = await witnessOnce({ log: remote, logKey: key, witnessKey, memory: forgetful, now: () => new Date() }).catch((error) => error)
      t.match(alarm, { name: 'Contradiction', cause: { code }, kept: seen, shown: await remote.checkpoint() }, 'the witness raises an alarm, with both checkpoints')
      t.equal(forgetful.kept, seen, 'and neither cosigns nor forgets')
      t.match(await checkReceipt(file, { key, authorities: JSON.parse(file).timestamp.certificates }), { about: redemptionId }, 'a receipt given before still proves what was')
    })
  }

  t.test('a fork that only one reader is shown: all is signed, but no witness has seen it', async (t) => {
    await rewriteHistory(world, `delete from evidence_entries; insert into evidence_entries select * from kept_entries; update evidence_entries set entry = replace(entry, '"units":"1"', '"units":"2"') where fact = 'units-released'`)
    const shown = await receiptFile(consumer, `/redemptions/${redemptionId}`)
    t.match(await checkReceipt(shown, { key }), { about: redemptionId }, 'alone it looks sound')
    await t.rejects(checkReceipt(shown, { key, witnesses: [bureau] }), { code: 'no_cosignature' })
    t.notSame(checkpointOf(JSON.parse(shown).checkpoint).root, checkpointOf(seen).root, 'beside what the witness saw it is another')
  })
})

t.test('a witness keeps its memory in a file, whole or not at all', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-witness-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const memory = memoryIn(join(directory, 'state'))
  t.equal(await memory.recall(), undefined)
  await memory.remember('one\n')
  await memory.remember('two\n')
  t.equal(await memory.recall(), 'two\n')
  t.equal(readFileSync(join(directory, 'state'), 'utf8'), 'two\n')
})
