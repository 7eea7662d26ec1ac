import t from 'tap'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/* What readers that are not ours say of our documents: poppler's pdfsig, pdftotext and pdfinfo, and openssl. */

const run = async (program: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(program, args).catch((error: { stdout?: string; stderr?: string }) => ({ stdout: error.stdout ?? '', stderr: error.stderr ?? String(error) }))
  return stdout + stderr
}

t.test('documents, as outsiders read them', async (t) => {
  const app = await startApp(t)
  const folder = await mkdtemp(join(tmpdir(), 'ticun-documents-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const shop = await newShop(app, { name: '清波游泳馆' })
  const consumer = await newConsumer(app, { legalName: '𠮷田䶮\u{31350}' })
  const { id } = await makeContract(consumer, await listProduct(app, shop))
  const kept = async (name: string, bytes: Buffer): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }
  const unsigned = (await consumer.get(`/contracts/${id}/document`)).bytes!

  t.test('before it is signed a contract has no signature', async (t) => {
    t.match(await run('pdfsig', await kept('unsigned.pdf', unsigned)), /The signature form field is not signed/)
  })

  expectStatus(await trySign(app, consumer, id), 200)
  await payOrder(app, (await order(consumer, id)).id)
  const sealed = {
    contract: (await consumer.get(`/contracts/${id}/document`)).bytes!,
    certificate: expectStatus(await consumer.get(`/contracts/${id}/certificate`), 200).bytes!
  }

  for (const [name, bytes] of Object.entries(sealed)) {
    t.test(`the ${name}'s seal is valid and covers the whole document`, async (t) => {
      const path = await kept(`${name}.pdf`, bytes)
      const said = await run('pdfsig', path)
      t.match(said, /Signature Type: ETSI\.CAdES\.detached/)
      t.match(said, /Total document signed/)
      t.match(said, /Signature Validation: Signature is Valid\./)
      t.match(await run('pdfinfo', path), /Pages: +[1-9]/)
      t.match(await run('pdftotext', path, '-'), /清波游泳馆/)
    })

    t.test(`one changed byte of the ${name} shows`, async (t) => {
      for (const at of [40, 2_000, Math.floor(bytes.length / 3), bytes.length - 200]) {
        const broken = Buffer.from(bytes)
        broken[at] = (broken[at] as number) ^ 1
        t.notMatch(await run('pdfsig', await kept('broken.pdf', broken)), /Signature is Valid/, `byte ${at}`)
      }
    })

    t.test(`the ${name}'s signature names its certificate and carries its time-stamp`, async (t) => {
      const hex = /\/Contents <([0-9a-f]+)>/.exec(bytes.toString('latin1'))![1]!
      const signature = await kept(`${name}.p7s`, Buffer.from(hex, 'hex'))
      const said = await run('openssl', 'asn1parse', '-inform', 'DER', '-in', signature)
      t.match(said, /id-smime-aa-signingCertificateV2/)
      t.match(said, /id-smime-aa-timeStampToken/)
      t.match(said, /id-smime-ct-TSTInfo/)
    })
  }

  t.test('rare names are set and can be searched; one beyond every face is told by its number', async (t) => {
    t.match(await run('pdftotext', await kept('names.pdf', unsigned), '-'), /𠮷田䶮〔U\+31350〕/)
  })
})
