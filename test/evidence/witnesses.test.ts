import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { configOf } from '../../src/config.js'
import { noteOf, verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt } from '../../src/verify/receipt.js'
import { wordsOf } from '../../src/verify/words.js'
import { cosignatureLine, newWitnessKey, witnessKeyOf } from '../../src/witness/key.js'
import { visit } from '../settlement/support.js'
import { asRole } from '../support/roles.js'
import { newWorld, receiptFile } from './support.js'

/* Witnesses hand in their cosignatures, and receipts carry them. */

t.setTimeout(120_000)

const keyFile = newWitnessKey('bureau.example')
const bureau = witnessKeyOf(keyFile)
const bureauKey = verifierKeyOf(bureau.verifierKey)
const other = witnessKeyOf(newWitnessKey('other.example'))
const impostor = witnessKeyOf(newWitnessKey('bureau.example'))

t.test('which witnesses a deployment knows is a setting', async (t) => {
  t.match(configOf({ TICUN_MODE: 'sandbox', EVIDENCE_WITNESSES: `${bureau.verifierKey}, ${other.verifierKey}` }).witnesses, [{ name: 'bureau.example' }, { name: 'other.example' }])
  t.same(configOf({ TICUN_MODE: 'sandbox' }).witnesses, [])
  for (const wrong of ['bureau.example', bureau.verifierKey.slice(0, -4), 'x+00000000+AAAA']) t.throws(() => configOf({ TICUN_MODE: 'sandbox', EVIDENCE_WITNESSES: wrong }), { name: 'ConfigError', message: /EVIDENCE_WITNESSES/ })
})

t.test('cosignatures', async (t) => {
  const { app, owner, url, key, consumer, contractId, shop, redemptionId } = await newWorld(t, { witnesses: [bureauKey, verifierKeyOf(other.verifierKey)] })
  const path = (await app.nobody.get('/evidence/logs')).body.items[0].path.slice('/v1'.length)
  const handIn = (note: string) => app.nobody.post(`${path}/cosignatures`, { note })
  const checkpoint = async (): Promise<string> => (await app.nobody.get('/evidence/checkpoint')).body
  const at = new Date()

  t.test('are taken from witnesses that are known, on checkpoints that were published, and from nobody else', async (t) => {
    const note = await checkpoint()
    const line = cosignatureLine(noteOf(note), bureau, at)
    const forged = note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`)
    const unknown = witnessKeyOf(newWitnessKey('nobody.example'))
    for (const [what, sent, reason] of [
      ['is no note', 'something', 'bad_note'], ['has no cosignature', note, 'unknown_witness'], ['has one of somebody unknown', note + cosignatureLine(noteOf(note), unknown, at), 'unknown_witness'],
      ['has one by another key of that name', note + cosignatureLine(noteOf(note), impostor, at), 'unknown_witness'],
      ['has one of another checkpoint', note + cosignatureLine(noteOf(forged), bureau, at), 'bad_cosignature'],
      ['is of a checkpoint that was never published', forged + cosignatureLine(noteOf(forged), bureau, at), 'other_checkpoint'],
      ['says another root of a size', ((text) => text + cosignatureLine(noteOf(text), bureau, at))(note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${Buffer.alloc(32).toString('base64')}\n`)), 'other_checkpoint']
    ] as const) t.match(await handIn(sent), { status: 422, body: { code: 'cosignature_refused', reason } }, what)
    t.match(await app.nobody.post(`${path}/cosignatures`, {}), { status: 422, body: { code: 'validation_failed' } })
    t.same((await owner.query('select * from evidence_cosignatures')).rows, [])

    for (const _ of [1, 2]) t.match(await handIn(note + line), { status: 200, body: { treeSize: Number(note.split('\n')[1]), witnesses: ['bureau.example'] } }, 'the same again is what is there')
    t.match(await handIn(note + line + cosignatureLine(noteOf(note), other, at)), { status: 200, body: { witnesses: ['bureau.example', 'other.example'] } })
    t.match((await owner.query('select witness from evidence_cosignatures order by 1')).rows, [{ witness: 'bureau.example' }, { witness: 'other.example' }])
    for (const change of ['update evidence_cosignatures set line = \'\'', 'delete from evidence_cosignatures']) await t.rejects(asRole(app, 'worker', {}, change), { code: '42501' }, 'kept for good')
  })

  t.test('stand in receipts, are checked with the witness\'s key, and said in both languages', async (t) => {
    await app.keepEvidence()
    const file = await receiptFile(consumer, `/contracts/${contractId}`)
    t.equal(JSON.parse(file).cosignatures.length, 2)
    const proven = await checkReceipt(file, { key, authorities: JSON.parse(file).timestamp.certificates, witnesses: [bureauKey] })
    t.match(proven, { cosignatures: [{ witness: 'bureau.example', at: new Date(Math.floor(at.getTime() / 1000) * 1000) }], uncheckedWitnesses: ['other.example'], timestamp: { isTrusted: true } })
    t.match(wordsOf(proven, true), /见证人 bureau\.example 于 .+ 联署了该检查点[^]*自称见证人 other\.example[^]*The witness bureau\.example cosigned this checkpoint[^]*in the name of other\.example, which was not checked/)
    await t.rejects(checkReceipt(file, { key, witnesses: [verifierKeyOf(impostor.verifierKey)] }), { code: 'no_cosignature' })
    const copy = JSON.parse(file)
    const moved = async (change: (lines: string[]) => string[]) => checkReceipt(JSON.stringify({ ...copy, cosignatures: change(copy.cosignatures) }), { key, witnesses: [bureauKey] })
    await t.rejects(moved(() => []), { code: 'no_cosignature' }, 'taken away')
    await t.rejects(moved((lines) => lines.map((line) => line.replace(/.{8}\n$/, 'AAAAAAA=\n'))), { code: 'bad_cosignature' }, 'changed')
    await t.rejects(moved(() => ['not a line']), { code: 'bad_note' })
    await t.rejects(checkReceipt(JSON.stringify({ ...copy, cosignatures: 'x' }), { key }), { code: 'not_a_receipt' })
  })

  t.test('a later event\'s receipt is without one until the witness comes by, and `ticun witness --submit` is what it does', async (t) => {
    const { id } = await visit(consumer, shop, contractId)
    t.not(id, redemptionId)
    const fresh = await receiptFile(consumer, `/redemptions/${id}`)
    await t.rejects(checkReceipt(fresh, { key, witnesses: [bureauKey] }), { code: 'no_cosignature' })

    const folder = mkdtempSync(join(tmpdir(), 'ticun-witness-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const file = (name: string, text?: string): string => { if (text !== undefined) writeFileSync(join(folder, name), text); return join(folder, name) }
    const ticun = (...args: string[]) => promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args])
    await ticun('witness', url, '--key', file('key.txt', key.text), '--witness-key', file('witness.key', keyFile), '--state', file('seen.txt'), '--submit')
    await app.keepEvidence()
    const later = await receiptFile(consumer, `/redemptions/${id}`)
    t.match(await checkReceipt(later, { key, witnesses: [bureauKey], authorities: JSON.parse(later).timestamp.certificates }), { cosignatures: [{ witness: 'bureau.example' }], timestamp: { isTrusted: true } })
    const { stdout } = await ticun('verify', file('receipt.json', later), '--key', file('key.txt'), '--witness', bureau.verifierKey)
    t.match(stdout, /验证通过[^]*见证人 bureau\.example[^]*The witness bureau\.example cosigned/)
    t.match(readFileSync(file('seen.txt'), 'utf8'), /^ticun\.example/)
  })
})
