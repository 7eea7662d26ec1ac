import { XMLParser } from 'fast-xml-parser'
import t from 'tap'
import { startApp } from '../support/app.js'
import { draftFor, newEarner, notariesOf } from './support.js'
import { expectStatus } from '../support/shop.js'

t.test('the payment file of a settlement', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const earner = await newEarner(app, 2)
  const draft = await draftFor(app, earner)
  const path = `/settlements/${draft.id}/pain001.xml`

  t.match(await first.get(path), { status: 409, body: { code: 'wrong_state', state: 'draft' } }, 'a draft orders nothing')
  expectStatus(await second.post(`/settlements/${draft.id}/approve`), 200)

  const { status, body, headers } = await first.get(path)
  t.equal(status, 200)
  t.match(headers['content-type'], /^application\/xml/)
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#', parseTagValue: false })
  const { CstmrCdtTrfInitn: { GrpHdr, PmtInf } } = parser.parse(body).Document
  t.match(GrpHdr, { NbOfTxs: '1', CtrlSum: '199.60' })
  t.match(PmtInf, {
    PmtMtd: 'TRF', NbOfTxs: '1', CtrlSum: '199.60',
    CdtTrfTxInf: {
      Amt: { InstdAmt: { '#': '199.60', '@Ccy': 'CNY' } }, Cdtr: { Nm: '测试健身馆有限公司' },
      CdtrAgt: { FinInstnId: { Nm: '中国工商银行' } }, CdtrAcct: { Id: { Othr: { Id: '1001234567890123' } } }
    }
  })
  const { EndToEndId } = PmtInf.CdtTrfTxInf.PmtId
  t.match(EndToEndId, /^STI[0-9A-Z]{26}$/, 'at most 35 letters and digits')
  t.equal(EndToEndId.toLowerCase(), draft.items[0].id.replace('_', ''))
  t.equal((await second.get(path)).body, body, 'the same file whenever it is asked for')
  t.match(await earner.owner.get(path), { status: 403 })
})
