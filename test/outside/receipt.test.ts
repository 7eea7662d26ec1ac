import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { noteOf, verifierKeyOf } from '../../src/verify/note.js'
import { cosignatureLine, newWitnessKey, witnessKeyOf } from '../../src/witness/key.js'
import { newWorld } from '../evidence/support.js'
import { expectStatus } from '../support/shop.js'

/* The very commands of docs/evidence.md, run by a shell: tools that are not ours say that a receipt is sound, and that a changed one is not. */

t.setTimeout(120_000)

const run = promisify(execFile)

const commands = [...readFileSync(new URL('../../docs/evidence.md', import.meta.url), 'utf8').matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block as string)

t.test('a stranger checks a receipt by the page\'s commands', async (t) => {
  const witness = witnessKeyOf(newWitnessKey('court.example'))
  const { app, url, consumer, contractId } = await newWorld(t, { witnesses: [verifierKeyOf(witness.verifierKey)] })
  const checkpoint: string = (await app.nobody.get('/evidence/checkpoint')).body
  const path = (await app.nobody.get('/evidence/logs')).body.items[0].path.slice('/v1'.length)
  expectStatus(await app.nobody.post(`${path}/cosignatures`, { note: checkpoint + cosignatureLine(noteOf(checkpoint), witness, new Date('2026-11-27T00:00:00Z')) }), 200)
  await app.keepEvidence()
  const directory = mkdtempSync(join(tmpdir(), 'ticun-stranger-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const shell = (script: string) => run('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: directory, env: { PATH: process.env.PATH, HOME: directory, BASE: url, TOKEN: consumer.token, CONTRACT: contractId, LC_ALL: 'C.UTF-8' }
  }).then(({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }), ({ code, stdout, stderr }) => ({ code, said: `${stdout}${stderr}` }))

  writeFileSync(join(directory, 'witness.txt'), `${witness.verifierKey}\n`)
  const [fetching, apart, signature, inclusion, time, cosignature, ...rest] = commands as [string, string, string, string, string, string]
  t.same(rest, [], 'there are no other commands')
  for (const [what, script, says] of [
    ['the receipt and the key are there', fetching, /^/], ['it comes apart', apart, /"salt"/], ['the office signed', signature, /Signature Verified Successfully/],
    ['the entries are included', inclusion, /included: contract-signed/], ['the time-stamp holds', time, /Verification: OK[^]*Time stamp: .+ GMT/],
    ['the witness cosigned', cosignature, /Signature Verified Successfully\ncosignature\/v1\ntime 1795737600\n/]
  ] as const) t.match(await shell(script), { code: 0, said: says }, what)

  const receipt = readFileSync(join(directory, 'receipt.json'), 'utf8')
  const refuses = async (what: string, changed: string, script: string, says: RegExp) => {
    writeFileSync(join(directory, 'receipt.json'), changed)
    await shell(apart)
    const { code, said } = await shell(script)
    t.not(code, 0, what)
    t.match(said, says, what)
  }
  await refuses('an entry was changed', receipt.replace('contract-signed', 'contract-Signed'), inclusion, /NOT INCLUDED/)
  await refuses('the checkpoint was changed', receipt.replace('ticun.example/changning\\n', 'ticun.example/changninG\\n'), signature, /Signature Verification Failure/)
  await refuses('the cosignature was changed', receipt.replace(/("— court\.example \S{30})(\S)/, (_, head: string, letter: string) => head + (letter === 'A' ? 'B' : 'A')), cosignature, /Signature Verification Failure/)
  await refuses('the checkpoint is another than was time-stamped', receipt.replace('ticun.example/changning\\n', 'ticun.example/changninG\\n'), time, /Verification: FAILED/)

  writeFileSync(join(directory, 'receipt.json'), receipt)
  const ticun = (...args: string[]) => run(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args]).then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error) => error)
  const at = (name: string) => join(directory, name)

  t.test('and by ours, offline', async (t) => {
    await shell(apart)
    t.match(await ticun('verify', at('receipt.json'), '--key', at('key.txt'), '--tsa-ca', at('authority.pem'), '--witness', at('witness.txt')), { code: 0, stdout: /验证通过[^]*合同签署[^]*The receipt is sound[^]*the contract was signed[^]*The witness court\.example cosigned[^]*does not prove/ })
    t.match(await ticun('verify', at('receipt.json')), { code: 0, stdout: /the key was the receipt's own/ })
    writeFileSync(at('changed.json'), receipt.replace('contract-signed', 'contract-Signed'))
    t.match(await ticun('verify', at('changed.json'), '--key', at('key.txt')), { code: 1, stderr: /验证不通过（not_included）/ })
    t.match(await ticun('verify'), { code: 2, stderr: /Usage/ })
  })

  t.test('the whole log is walked, and witnessed, from its public address', async (t) => {
    for (const again of [/from 0 to/, /from \d\d+ to/]) t.match(await ticun('verify', 'log', url, '--key', at('key.txt'), '--state', at('kept.json')), { code: 0, stdout: again })
    t.match(await ticun('witness', 'new-key', 'bureau.example', '--witness-key', at('witness.key')), { code: 0, stdout: /^bureau\.example\+[0-9a-f]{8}\+/ })
    t.match(await ticun('witness', url, '--key', at('key.txt'), '--witness-key', at('witness.key'), '--state', at('seen.txt'), '--out', at('cosigned.txt')), { code: 0 })
    t.match(readFileSync(at('cosigned.txt'), 'utf8'), /\n— ticun\.example\/changning \S+\n— bureau\.example \S+\n$/)
    const kept = JSON.parse(readFileSync(at('kept.json'), 'utf8'))
    writeFileSync(at('kept.json'), JSON.stringify({ ...kept, peaks: kept.peaks.toReversed() }))
    t.match(await ticun('verify', 'log', url, '--key', at('key.txt'), '--state', at('kept.json')), { code: 1, stderr: /bad_state/ })
  })
})
