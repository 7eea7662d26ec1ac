import t from 'tap'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { configOf } from '../../src/config.js'
import { openSeals } from '../../src/seals/files.js'
import { signerIn } from '../../src/seals/pkcs12.js'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { makeContract, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/* A seal as an authority hands it out: a PKCS#12 file, made here by openssl; poppler's pdfsig reads what it sealed. */

const run = promisify(execFile)
const password = 'a password'

t.test('a seal from a PKCS#12 file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ticun-seals-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const at = (name: string): string => join(folder, name)
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('key.pem'), '-out', at('certificate.pem'), '-days', '30', '-subj', '/C=CN/O=Office/CN=Seal of the office'])
  const pack = (name: string, ...more: string[]) => run('openssl', ['pkcs12', '-export', '-inkey', at('key.pem'), '-in', at('certificate.pem'), '-out', at(name), '-passout', `pass:${password}`, ...more])
  await pack('seal.p12')
  await pack('old.p12', '-legacy')

  t.test('opens with its password, and says why it does not', async (t) => {
    const { key, certificates } = await signerIn(await readFile(at('seal.p12')), password)
    t.equal(key.asymmetricKeyType, 'rsa')
    t.equal(certificates.length, 1)
    await writeFile(at('junk.p12'), 'junk')
    for (const [file, secret] of [['seal.p12', 'another'], ['old.p12', password], ['junk.p12', password], ['none.p12', password]] as const) {
      await t.rejects(openSeals({ files: new Map([[1, at(file)]]), password: secret }), { name: 'ConfigError', message: new RegExp(`SEAL_FILES: .*${file} of office 1 cannot be opened: .+`) }, file)
    }
    t.throws(() => configOf({ SEAL_FILES: '1:/run/seal.p12' }), { name: 'ConfigError', message: /SEAL_PASSWORD/ })
    t.throws(() => configOf({ SEAL_FILES: '/run/seal.p12', SEAL_PASSWORD: 'x' }), { name: 'ConfigError', message: /SEAL_FILES/ })
    const { seals } = configOf({ SEAL_FILES: '1:/run/one.p12,12:C:/two.p12', SEAL_PASSWORD: 'x' })
    t.same([...seals.files], [[1, '/run/one.p12'], [12, 'C:/two.p12']])
  })

  t.test('seals what the office issues', async (t) => {
    const app = await startApp(t, { seals: { files: new Map([[1, at('seal.p12')]]), password } })
    const consumer = await newConsumer(app)
    const { id } = await makeContract(consumer, await listProduct(app, await newShop(app)))
    expectStatus(await trySign(app, consumer, id), 200)
    await writeFile(at('contract.pdf'), (await consumer.get(`/contracts/${id}/document`)).bytes!)
    const { stdout } = await run('pdfsig', [at('contract.pdf')])
    t.match(stdout, /Signer Certificate Common Name: Seal of the office/)
    t.match(stdout, /Total document signed/)
    t.match(stdout, /Signature is Valid/)
  })
})
