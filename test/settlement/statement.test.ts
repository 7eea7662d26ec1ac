import { XMLParser, XMLValidator } from 'fast-xml-parser'
import fc from 'fast-check'
import t from 'tap'
import type { BookEntry } from '../../src/sandbox/bank/model.js'
import { statementXml } from '../../src/sandbox/bank/statement.js'

const account = { bankName: '工商银行 <上海> & 分行', accountName: '公证处提存专户', accountNumber: '1001242119000000001' }
const createdAt = new Date('2026-05-04T09:00:00Z')

const read = (openingFen: bigint, entries: BookEntry[]) => {
  const xml = statementXml({ account, date: '2026-05-04', openingFen, entries, createdAt })
  if (XMLValidator.validate(xml) !== true) throw new Error(xml)
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#', parseTagValue: false, isArray: (name) => name === 'Ntry' })
  return { xml, document: parser.parse(xml).Document }
}

/** A balance or an entry, in fen with its sign. */
const fenOf = ({ Amt, CdtDbtInd }: { Amt: { '#': string }; CdtDbtInd: string }): bigint => {
  const fen = BigInt(Amt['#'].replace('.', ''))
  return CdtDbtInd === 'CRDT' ? fen : -fen
}

const entry = (differs: Partial<BookEntry> = {}): BookEntry =>
  ({ sequence: 1, reference: 'sti_01k0vb4c9hfkbt9t9a6x2n8g7m', side: 'DBIT', amountFen: 100n, counterparty: '泳馆', remittance: '结算', ...differs })

t.test('a statement says whose it is, of which day, and what was booked', async (t) => {
  const { document } = read(12_345n, [entry({ sequence: 7, amountFen: 2_005n, counterparty: '<泳馆> & 子' })])
  t.equal(document['@xmlns'], 'urn:iso:std:iso:20022:tech:xsd:camt.053.001.08')
  const { GrpHdr, Stmt } = document.BkToCstmrStmt
  t.match(GrpHdr, { MsgId: '1001242119000000001-2026-05-04', CreDtTm: '2026-05-04T09:00:00.000Z' })
  t.match(Stmt, {
    Id: '1001242119000000001-2026-05-04', FrToDt: { FrDtTm: '2026-05-03T16:00:00.000Z', ToDtTm: '2026-05-04T16:00:00.000Z' },
    Acct: { Id: { Othr: { Id: account.accountNumber } }, Ccy: 'CNY', Svcr: { FinInstnId: { Nm: account.bankName } } },
    Bal: [
      { Tp: { CdOrPrtry: { Cd: 'OPBD' } }, Amt: { '#': '123.45', '@Ccy': 'CNY' }, CdtDbtInd: 'CRDT' },
      { Tp: { CdOrPrtry: { Cd: 'CLBD' } }, Amt: { '#': '103.40' } }
    ],
    Ntry: [{
      Amt: { '#': '20.05', '@Ccy': 'CNY' }, CdtDbtInd: 'DBIT', Sts: { Cd: 'BOOK' }, BookgDt: { Dt: '2026-05-04' }, ValDt: { Dt: '2026-05-04' }, AcctSvcrRef: 'SBX7',
      NtryDtls: { TxDtls: { Refs: { EndToEndId: 'sti_01k0vb4c9hfkbt9t9a6x2n8g7m' }, RltdPties: { Cdtr: { Pty: { Nm: '<泳馆> & 子' } } }, RmtInf: { Ustrd: '结算' } } }
    }]
  })
})

t.test('what comes in names who paid', async (t) => {
  const { document } = read(0n, [entry({ side: 'CRDT', counterparty: '支付渠道' })])
  t.match(document.BkToCstmrStmt.Stmt.Ntry[0].NtryDtls.TxDtls.RltdPties, { Dbtr: { Pty: { Nm: '支付渠道' } } })
})

t.test('elements stand in the order of the schema', async (t) => {
  const { xml } = read(0n, [entry()])
  const inOrder = (...names: string[]) => names.map((name) => xml.indexOf(`<${name}`)).every((at, i, all) => at > 0 && (i === 0 || at > (all[i - 1] ?? 0)))
  t.ok(inOrder('GrpHdr', 'Stmt', 'FrToDt', 'Acct', 'Bal', 'Ntry', 'NtryRef', 'Sts', 'BookgDt', 'ValDt', 'AcctSvcrRef', 'BkTxCd', 'NtryDtls', 'Refs', 'RltdPties', 'RmtInf'))
})

t.test('closing is opening and all entries, whatever they are, and texts keep to their lengths', async () => {
  const entries = fc.array(fc.record({
    sequence: fc.integer({ min: 1, max: 1_000_000 }), reference: fc.string({ maxLength: 80, unit: 'grapheme-ascii' }), side: fc.constantFrom('CRDT' as const, 'DBIT' as const),
    amountFen: fc.bigInt({ min: 1n, max: 10n ** 12n }), counterparty: fc.constantFrom('泳馆', '𠮷'.repeat(200)), remittance: fc.constantFrom('结算', '&<'.repeat(100))
  }), { maxLength: 5 })
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), entries, (openingFen, lines) => {
    const { document: { BkToCstmrStmt: { Stmt: { Bal: [opening, closing], Ntry = [] } } } } = read(openingFen, lines)
    const isCut = Ntry.every(({ NtryDtls: { TxDtls } }: any) =>
      Array.from(String(TxDtls.Refs.EndToEndId)).length <= 35 && Array.from(String(TxDtls.RmtInf.Ustrd)).length <= 140)
    return fenOf(opening) === openingFen && Ntry.length === lines.length && isCut
      && fenOf(closing) === Ntry.reduce((sum: bigint, line: any) => sum + fenOf(line), openingFen)
  }), { numRuns: 50 })
})
