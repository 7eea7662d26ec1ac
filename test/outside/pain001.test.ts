import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { validateXML } from 'xmllint-wasm'
import { newId } from '../../src/kernel/id.js'
import type { SettlementRecord } from '../../src/settlement/model.js'
import { pain001Xml, type PaymentFile } from '../../src/settlement/pain001.js'

/*
 * Payment files against a schema, by libxml2. The schema beside this file is written from the
 * standard's public definition; set PAIN001_XSD to validate against the one ISO publishes.
 */

const schema = readFileSync(process.env.PAIN001_XSD ?? new URL('./pain001.xsd', import.meta.url), 'utf8')

const settlement: SettlementRecord = {
  id: newId('stl', 1), status: 'approved', cutoff: new Date('2026-05-04T00:00:00Z'), feeBasisPoints: 20, makerId: newId('per', 0), checkerId: newId('per', 0),
  createdAt: new Date('2026-05-04T01:00:00Z'), approvedAt: new Date('2026-05-04T02:00:00Z'), completedAt: null
}
const from = { bankName: '中国工商银行上海市分行', accountName: '上海市某公证处提存专户', accountNumber: '1001242119000000001' }

const fileOf = (payouts: PaymentFile['payouts']): string => pain001Xml({ settlement, approvedAt: new Date('2026-05-04T02:00:00Z'), from, payouts })

/** What is wrong with files, by the file; all at once, because the validator takes seconds to start. */
const errorsOf = async (files: readonly string[]): Promise<string[][]> => {
  const xml = files.map((contents, i) => ({ fileName: `${i}.xml`, contents }))
  const { errors } = await validateXML({ xml, schema: [schema] })
  return xml.map(({ fileName }) => errors.filter(({ loc }) => loc?.fileName === fileName).map(({ message }) => message))
}

t.test('a payment file is valid, whatever names, banks and amounts are in it', async (t) => {
  const text = fc.oneof(fc.constantFrom('圣约瀚游泳馆', '𠮷祥<健身> & "瑜伽"', '有\u0007控制符'), fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }))
    .filter((name) => /[^\s\p{Cc}]/u.test(name) && !/[\p{Cs}\ufffe\uffff]/u.test(name))
  const payout = fc.record({
    itemId: fc.constant(null).map(() => newId('sti', 1)),
    to: fc.record({ bankName: text, accountName: text, accountNumber: fc.stringMatching(/^[0-9A-Za-z]{4,34}$/), cnapsCode: fc.option(fc.stringMatching(/^\d{12}$/), { nil: undefined }) }),
    amountFen: fc.bigInt({ min: 1n, max: 10n ** 13n })
  })
  const files = fc.sample(fc.array(payout, { minLength: 1, maxLength: 5 }), 200).map(fileOf)
  for (const [i, errors] of (await errorsOf(files)).entries()) t.same(errors, [], `file ${i}`, { file: files[i] })
})

t.test('the validator finds what is wrong', async (t) => {
  const good = fileOf([{ itemId: newId('sti', 1), to: { ...from, cnapsCode: '102290024433' }, amountFen: 123_456n }])
  t.match(good, '<MmbId>102290024433</MmbId>')
  t.match(good, '<InstdAmt Ccy="CNY">1234.56</InstdAmt>')
  const bad = [
    good.replace('<PmtMtd>TRF</PmtMtd>', ''), good.replaceAll('1234.56', '-1.00'), good.replace(/<EndToEndId>[^<]*/, `<EndToEndId>${'A'.repeat(36)}`), good.replace('CNY', 'cny')
  ]
  const [none, ...found] = await errorsOf([good, ...bad])
  t.same(none, [])
  for (const errors of found) t.not(errors.length, 0)
})
