import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t from 'tap'
import { verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt } from '../../src/verify/receipt.js'
import { startApp } from '../support/app.js'
import { maker, newConsumer } from '../support/people.js'
import { makeContract } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/* A time-stamping authority that is not ours at all: openssl's, over HTTP, with a certificate authority of its own. */

t.setTimeout(120_000)

const run = promisify(execFile)
const policy = '1.3.6.1.4.1.99999.1'

t.test('checkpoints are stamped by the authority at TSA_URL', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ticun-tsa-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })

  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Outside root')
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/C=CN/O=Outside/CN=Outside TSA')
  writeFileSync(at('extensions'), 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n')
  await openssl('x509', '-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'extensions', '-out', 'tsa.pem')
  writeFileSync(at('serial'), '01\n')
  writeFileSync(at('tsa.cnf'), `[tsa]\ndefault_tsa = one\n[one]\nserial = serial\nsigner_cert = tsa.pem\ncerts = ca.pem\nsigner_key = tsa.key\nsigner_digest = sha256\ndefault_policy = ${policy}\ndigests = sha256\ness_cert_id_alg = sha256\n`)

  let answers = 0
  const server = createServer((request, response) => {
    buffer(request).then(async (query) => {
      const [ask, reply] = [`${++answers}.tsq`, `${answers}.tsr`]
      writeFileSync(at(ask), query)
      await openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', ask, '-out', reply)
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(readFileSync(at(reply)))
    }).catch((error: Error) => { response.writeHead(500).end(error.message) })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())

  const app = await startApp(t, { tsa: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, caFile: at('ca.pem'), policy, pauseMs: 0 } })
  const consumer = await newConsumer(app)
  const { id } = await makeContract(consumer, await listProduct(app, await newShop(app)))
  await app.keepEvidence()
  t.ok(answers >= 1)

  const { body: receipt } = expectStatus(await (await maker(app)).get(`/contracts/${id}/receipt`), 200)
  t.equal(receipt.timestamp.authority, 'Outside TSA, Outside, CN')
  const key = verifierKeyOf((await app.nobody.get('/evidence/key')).body)
  const ca = readFileSync(at('ca.pem'), 'utf8')
  t.match(await checkReceipt(JSON.stringify(receipt), { key, authorities: ca }), { timestamp: { isTrusted: true } }, 'ours says so')

  writeFileSync(at('checkpoint.txt'), receipt.checkpoint)
  writeFileSync(at('token.der'), Buffer.from(receipt.timestamp.token, 'base64'))
  const verify = (file: string) => openssl('ts', '-verify', '-data', file, '-in', 'token.der', '-token_in', '-CAfile', 'ca.pem').then(({ stdout, stderr }) => stdout + stderr, (error: { stdout: string; stderr: string }) => error.stdout + error.stderr)
  t.match(await verify('checkpoint.txt'), /Verification: OK/, 'and so does openssl')
  writeFileSync(at('changed.txt'), `${receipt.checkpoint} `)
  t.match(await verify('changed.txt'), /Verification: FAILED/)
})
