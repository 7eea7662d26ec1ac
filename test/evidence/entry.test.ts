import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { entryOf } from '../../src/evidence/entry.js'
import { newId } from '../../src/kernel/id.js'

t.test('an entry is the RFC 8785 form of its facts, whatever they are', (t) => {
  const subject = newId('red', 1)
  const occurredAt = new Date('2026-11-24T01:02:03.456Z')
  fc.assert(fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' })), (payload) => {
    const entry = entryOf(1, 'evd_1', { fact: 'contract-signed', subject, occurredAt, payload }, 'salt')
    t.equal(entry, canonicalize({ version: 1, office: 1, id: 'evd_1', fact: 'contract-signed', subject, occurredAt: occurredAt.toISOString(), payload, salt: 'salt' }))
  }), { numRuns: 300, examples: [[{ 10: 'ten', 9: 'nine', 'é': -0, '😀': 1e21 }]] })
  t.end()
})

t.test('what JSON cannot say exactly is text', (t) => {
  const entry = entryOf(1, 'evd_1', {
    fact: 'contract-signed', subject: newId('red', 1), occurredAt: new Date(0),
    payload: { amountFen: 9_007_199_254_740_993n, at: new Date(0), nothing: undefined, list: [1n, undefined] }
  }, 'salt')
  t.match(JSON.parse(entry), { payload: { amountFen: '9007199254740993', at: '1970-01-01T00:00:00.000Z', list: ['1', null] } })
  t.notOk(entry.includes('nothing'))
  t.end()
})
