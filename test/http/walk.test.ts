import fc from 'fast-check'
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { addDays } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { bookedOtherwise } from '../support/accounting.js'
import { startApp } from '../support/app.js'
import { newConsumer, newPhone, type Person } from '../support/people.js'
import { buy, makeContract } from '../support/purchase.js'
import { application, expectStatus, listProduct, newShop, offer } from '../support/shop.js'
import { bodiesFor, filesFor, newParties, otherAccount, pauseIn, portraitOf, queriesFor, staffOf, visit, type Party } from './parties.js'
import { fieldsOf, isAllowed, oddities, operationsOf, unstorable, withField, type Operation } from './schema.js'

/*
 * Every call that the service's own document names is walked with what is missing, wrong, foreign
 * and absurd. Whatever comes, the answer is the one that was promised: a full problem of the
 * catalogue, in the language asked for, that says nothing of how the service is made; and nothing
 * has changed.
 */

t.setTimeout(180_000)

type Answer = Readonly<{ status: number; body: any; text: string; headers: Record<string, any> }>

/** What an answer must never tell: where the code is, what it asks the database. */
const innards = /node_modules|\bat (?:async )?\S+ \(|\.(?:ts|js):\d|drizzle|postgres|\bpg_|violates|constraint|\bselect .+ from\b|insert into|\bupdate \w+ set\b|ECONN|TypeError|undefined is not/i

t.test('every call, walked with what it does not expect', async (t) => {
  const app = await startApp(t)
  const document = (await app.app.inject('/openapi.json')).json()
  const operations = operationsOf(document)
  const catalogue = new Map<string, any>((await app.nobody.get('/problems')).body.items.map((kind: any) => [kind.code, kind]))
  const staff = await staffOf(app)
  const [a, b, c] = await newParties(app, staff, 3) as [Party, Party, Party]
  const before = [await portraitOf(staff, a), await portraitOf(staff, b)]

  const personOf = (end: string, party: Party): Person => ({ consumer: party.consumer, merchant: party.owner, ...staff } as unknown as Record<string, Person>)[end] as Person
  const everyEnd = ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator']
  /** Calls of one administrator alone. */
  const dutyOf: Record<string, Person> = {
    ...Object.fromEntries(['listSignIns', 'confirmStaff', 'refuseStaff', 'unlockStaff', 'resetStaffPassword', 'resetStaffSecondFactor'].map((id) => [id, staff.security])),
    listAccessLog: staff.auditor, verifyAccessLog: staff.auditor
  }
  /** Ends that a call is most usefully made from, where it is not the first the document names. */
  const usualEnd: Record<string, string> = { changePassword: 'adjudicator', enrolSecondFactor: 'adjudicator', declineRefund: 'merchant', acceptRefund: 'merchant', applyAsMerchant: 'operator' }
  const endsOf = ({ ends, id }: Operation): readonly string[] => {
    if (typeof ends === 'string') return ['consumer']
    return [...ends].sort((one, other) => Number(other === usualEnd[id]) - Number(one === usualEnd[id]))
  }
  for (const party of [a, b, c]) for (const end of everyEnd) await personOf(end, party).get('/me')
  for (const administrator of [staff.security, staff.auditor]) await administrator.get('/me')

  let faults: string[] = []
  let calls = 0
  const fault = (text: string): void => { if (faults.length < 20) faults.push(text) }
  const sound = (t: Test, message: string): void => {
    t.same(faults, [], message)
    faults = []
  }

  const checkProblem = (name: string, { status, body, text, headers }: Answer, language: string): void => {
    const kind = catalogue.get(body?.code)
    const complaints = [
      ...(/^application\/problem\+json/.test(String(headers['content-type'])) ? [] : [`content type ${headers['content-type']}`]),
      ...(kind ? [] : [`code ${body?.code} is not in the catalogue`]),
      ...(kind && kind.status === status && body.status === status ? [] : [`status ${status}`]),
      ...(body?.title === kind?.title[language] ? [] : [`title ${body?.title} in ${language}`]),
      ...(body?.type === `/v1/problems#${body?.code}` ? [] : [`type ${body?.type}`]),
      ...(typeof body?.detail === 'string' && body.detail.length > 5 ? [] : ['no detail']),
      ...(body?.requestId && body.requestId === headers['x-request-id'] ? [] : [`request id ${body?.requestId}`]),
      ...(/[一-鿿]/.test(body?.detail ?? '') === (language === 'zh-CN') ? [] : [`detail is not in ${language}`]),
      ...(status === 401 && !headers['www-authenticate'] ? ['no www-authenticate'] : []),
      ...((status === 429 || status === 503) && !headers['retry-after'] ? ['no retry-after'] : []),
      ...(body?.code !== 'validation_failed' || (Array.isArray(body.errors) && body.errors.every((one: any) => typeof one.path === 'string' && typeof one.message === 'string')) ? [] : ['errors without path or message']),
      ...(status < 500 || status === 503 ? [] : ['a fault of ours']),
      ...(innards.test(text) ? ['says how it is made'] : [])
    ]
    if (complaints.length > 0) fault(`${name}: ${complaints.join(', ')}: ${status} ${text.slice(0, 200)}`)
  }

  type Sent = Readonly<{ person?: Person | undefined; ids?: Record<string, string>; query?: string; payload?: unknown; key?: string | false; headers?: Record<string, string> }>

  /** Sends one call, and checks the answer for everything that holds of every answer. Languages take turns. */
  const send = async (operation: Operation, { person, ids = {}, query = '', payload, key = randomUUID(), headers = {} }: Sent): Promise<Answer> => {
    const language = calls++ % 2 === 0 ? 'zh-CN' : 'en'
    const url = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] as string) + query
    const isText = typeof payload === 'string'
    const response = await app.app.inject({
      method: operation.method, url,
      headers: {
        ...(person?.token ? { authorization: `Bearer ${person.token}` } : {}),
        ...(operation.method === 'POST' && key !== false ? { 'idempotency-key': key } : {}),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }), 'accept-language': language, ...headers
      },
      ...(payload === undefined ? {} : { payload: isText ? payload : JSON.stringify(payload) })
    })
    const text = response.payload
    const body = /[/+]json(;|$)/.test(String(response.headers['content-type'] ?? '')) && text !== '' ? JSON.parse(text) : text
    const answer = { status: response.statusCode, body, text, headers: response.headers as Record<string, any> }
    const schema = operation.answers[answer.status]
    if (schema && !isAllowed(schema, body, document)) fault(`${operation.id} answered what the document does not know: ${text.slice(0, 3000)}`)
    if (answer.status < 400 && !operation.statuses.includes(String(answer.status))) fault(`${operation.id} answered ${answer.status}, which the document does not know`)
    if (answer.status >= 400) checkProblem(`${operation.id} ${url.slice(0, 120)} ${JSON.stringify(payload)?.slice(0, 160) ?? ''}`, answer, language)
    return answer
  }

  const expect = async (operation: Operation, sent: Sent, status: number, code: string, why: string): Promise<Answer> => {
    const answer = await send(operation, sent)
    if (answer.status !== status || answer.body?.code !== code) fault(`${operation.id}, ${why}: ${answer.status} ${answer.text.slice(0, 240)} instead of ${status} ${code}`)
    return answer
  }

  const idsOf = ({ pathIds, id }: Operation, { ids, idsFor }: Party): Record<string, string> =>
    Object.fromEntries(pathIds.map(({ name, prefix }) => [name, idsFor[id]?.[prefix ?? name] ?? ids[prefix ?? name] as string]))

  const bodyOf = (operation: Operation, party: Party): any => (operation.body?.type === undefined && !operation.body?.oneOf ? undefined : bodiesFor(party)[operation.id])
  const about = (operation: Operation, party: Party, end = endsOf(operation)[0] as string): Sent => ({
    person: operation.ends === 'public' ? undefined : end === 'administrator' ? dutyOf[operation.id] ?? staff.administrator : personOf(end, party), ids: idsOf(operation, party), payload: bodyOf(operation, party), ...filesFor[operation.id]
  })

  t.test('the walk knows every call, and a body in order for each that takes one', async (t) => {
    const bodies = bodiesFor(c)
    for (const operation of operations) {
      for (const { name, prefix } of operation.pathIds) t.ok(a.ids[prefix ?? name], `${operation.id}: an id for ${name}`)
      if (!operation.body || operation.id === 'notify') continue
      t.ok(operation.id === 'draftSettlement' || bodies[operation.id], `${operation.id}: a body in test/http/parties.ts`)
      t.ok(isAllowed(operation.body, bodies[operation.id], document), `${operation.id}: its body is one the document allows`)
    }
    t.ok(operations.length > 60)
  })

  t.test('nobody: 401 wherever somebody must be signed in', async (t) => {
    for (const operation of operations.filter(({ ends }) => ends !== 'public')) {
      const sent = { ...about(operation, a), person: undefined }
      await expect(operation, sent, 401, 'unauthenticated', 'without a token')
      await expect(operation, { ...sent, payload: operation.method === 'GET' ? undefined : '{"broken' }, 401, 'unauthenticated', 'without a token, and with a broken body')
      const [header, claims] = (a.consumer.token as string).split('.')
      for (const authorization of ['Bearer', 'Bearer x.y.z', `Bearer ${header}.${claims}.AAAA`, `Bearer ${header}.${Buffer.from('{"sub":"per_01k0vb4c9hfkbt9t9a6x2n8g7m","end":"notary"}').toString('base64url')}.AAAA`, `Basic ${Buffer.from('a:b').toString('base64')}`]) {
        await expect(operation, { ...sent, headers: { authorization } }, 401, 'unauthenticated', authorization.slice(0, 20))
      }
    }
    sound(t, 'each is refused')
  })

  t.test('the wrong end: 403, whatever the body', async (t) => {
    for (const operation of operations) {
      if (typeof operation.ends === 'string') continue
      for (const end of everyEnd.filter((one) => !operation.ends.includes(one))) {
        await expect(operation, { ...about(operation, a), person: personOf(end, a) }, 403, 'forbidden', end)
        if (operation.body) await expect(operation, { ...about(operation, a), person: personOf(end, a), payload: {} }, 403, 'forbidden', `${end}, empty`)
      }
    }
    sound(t, 'each is refused')
  })

  const withIds = operations.filter(({ pathIds }) => pathIds.length > 0)

  t.test('an id that cannot be one, or names nothing: 404', async (t) => {
    for (const operation of withIds) {
      for (const { name, prefix = 'ctr' } of operation.pathIds) {
        const good = newId(prefix, 1)
        const unlike = ['x', '0', '-1', 'null', `${good}0`, good.slice(0, -1), good.toUpperCase(), newId(prefix === 'ctr' ? 'pay' : 'ctr', 1), `${prefix}_${'z'.repeat(26)}`, '%00', '..%2F..', '%F0%9F%8F%8A', `${good}%0A`, "'%20or%201=1--", 'y'.repeat(250)]
        const unknown = operation.id === 'notify' ? ['wechatpay', 'bank_transfer'] : [good, newId(prefix, 2), newId(prefix, 0), newId(prefix, 65_535)]
        for (const id of [...unlike, ...unknown]) {
          const sent = about(operation, c)
          await expect(operation, { ...sent, ids: { ...sent.ids, [name]: id } }, 404, 'not_found', `${name} ${id.slice(0, 40)}`)
        }
        const sent = about(operation, c)
        await expect(operation, { ...sent, ids: { ...sent.ids, [name]: '%E0%A4%A' } }, 400, 'malformed_request', 'a path that is no UTF-8')
      }
    }
    sound(t, 'each names nothing')
  })

  t.test('what is another party\'s: 404, as if it were not there', async (t) => {
    const kinds: Record<string, readonly string[]> = {
      ctr: Object.values(a.contracts), red: Object.values(a.redemptions), ref: Object.values(a.refunds), mer: [a.merchantId], prd: [a.ids.prd as string], ven: [a.venueId], stl: [], pau: [a.ids.pau as string], hov: [a.ids.hov as string], sac: [a.ids.sac as string], lgh: [a.ids.lgh as string], leafIndex: [a.ids.leafIndex as string], dsp: [a.ids.dsp as string], ofr: [a.ids.ofr as string], doc: [a.ids.doc as string], fil: [a.ids.fil as string], alr: [a.ids.alr as string], cor: [a.ids.cor as string], whe: [a.ids.whe as string], whd: [a.ids.whd as string]
    }
    let tried = 0
    for (const operation of withIds) {
      for (const end of endsOf(operation).filter((one) => one === 'consumer' || one === 'merchant')) {
        if (operation.ends === 'public') continue
        const sent = about(operation, b, end)
        for (const { name, prefix = name } of operation.pathIds) {
          for (const id of kinds[prefix] ?? []) {
            await expect(operation, { ...sent, ids: { ...idsOf(operation, a), [name]: id } }, 404, 'not_found', `${end} of B, ${name} of A`)
            tried += 1
          }
        }
        for (const { name } of operation.pathIds.slice(1)) {
          // What is a name and not an id is nobody's own.
          if (idsOf(operation, a)[name] === idsOf(operation, b)[name]) continue
          await expect(operation, { ...sent, ids: { ...idsOf(operation, b), [name]: idsOf(operation, a)[name] as string } }, 404, 'not_found', `${end} of B, its own id with the ${name} of A`)
        }
      }
    }
    t.ok(tried > 100, `${tried} tries`)
    sound(t, 'each is not there')
  })

  t.test('what is another party\'s in a body is refused, and in a filter finds nothing', async (t) => {
    const operation = (id: string): Operation => operations.find((one) => one.id === id) as Operation
    const { body: { code } } = await a.consumer.post(`/contracts/${a.contracts.active}/check-in-codes`)
    const { body: signing } = await a.consumer.post('/auth/challenges', { phone: a.consumer.phone, purpose: 'sign_contract', contractId: a.contracts.unsigned })
    const bs = (id: string, end: string): Sent => about(operation(id), b, end)
    const refusals: [string, Sent, number, string][] = [
      ['redeem', { ...bs('redeem', 'merchant'), payload: { code, venueId: b.venueId } }, 422, 'code_invalid'],
      ['redeem', { ...about(operation('redeem'), a, 'merchant'), payload: { code, venueId: b.venueId } }, 422, 'venue_not_covered'],
      ['redeem', { ...bs('redeem', 'merchant'), payload: { code, venueId: a.venueId } }, 422, 'code_invalid'],
      ['requestRefund', { ...bs('requestRefund', 'consumer'), payload: { quoteId: a.quoteId } }, 404, 'not_found'],
      ['requestRefund', { ...about(operation('requestRefund'), a, 'consumer'), ids: { id: a.contracts.active }, payload: { quoteId: a.quoteId } }, 404, 'not_found'],
      ['signContract', { ...bs('signContract', 'consumer'), ids: { id: b.contracts.unsigned }, payload: { challengeId: signing.challengeId, code: '000000' } }, 422, 'code_invalid'],
      ['requestCode', { person: b.consumer, payload: { phone: b.consumer.phone, purpose: 'sign_contract', contractId: a.contracts.unsigned } }, 404, 'not_found'],
      ['requestCode', { person: b.consumer, payload: { phone: a.consumer.phone, purpose: 'sign_contract', contractId: b.contracts.unsigned } }, 422, 'validation_failed'],
      ['createProduct', { ...bs('createProduct', 'merchant'), payload: offer({ venueIds: [a.venueId] }) }, 422, 'validation_failed'],
      ['draftSettlement', { ...bs('draftSettlement', 'notary'), payload: { merchantIds: [newId('mer', 1)] } }, 404, 'not_found'],
      ['makeContract', { ...bs('makeContract', 'consumer'), payload: { productId: newId('prd', 1) } }, 404, 'not_found'],
      ['sendPayoutBack', { payload: { itemId: newId('sti', 1) } }, 404, 'not_found']
    ]
    for (const [id, sent, status, expected] of refusals) await expect(operation(id), sent, status, expected, 'a foreign body')
    sound(t, 'each is refused')

    const empty: [Person, string][] = [
      [b.consumer, `/redemptions?contractId=${a.contracts.active}`], [b.owner, `/redemptions?contractId=${a.contracts.active}`], [b.owner, `/redemptions?merchantId=${a.merchantId}`],
      [b.consumer, `/contracts?merchantId=${a.merchantId}`], [b.owner, `/contracts?merchantId=${a.merchantId}`], [b.consumer, `/refunds?contractId=${a.contracts.withRefund}`],
      [b.owner, `/refunds?contractId=${a.contracts.withRefund}`]
    ]
    for (const [person, path] of empty) t.same((await person.get(path)).body.items, [], path)
    const listed = (await b.owner.get('/contracts?limit=100')).body.items
    t.ok(listed.length > 0 && listed.every(({ merchantId }: any) => merchantId === b.merchantId), 'a list without a filter holds only one\'s own')
  })

  t.test('a method that a path does not have: 404', async (t) => {
    for (const path of new Set(operations.map((operation) => operation.path))) {
      const operation = operations.find((one) => one.path === path) as Operation
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((one) => !operations.some((other) => other.path === path && other.method === one))) {
        await expect({ ...operation, method: method as 'GET' }, { ...about(operation, c), payload: undefined }, 404, 'not_found', method)
      }
    }
    sound(t, 'each is not there')
  })

  const withBody = operations.filter(({ body, id }) => body && id !== 'notify')

  t.test('a body that is no JSON, or not said to be: 400; one that is no object: 422; one beyond the limit: 413', async (t) => {
    for (const operation of withBody) {
      const sent = about(operation, c)
      for (const payload of ['{', '{"a":}', 'nonsense', '[1,', '{"a":1}{"b":2}', "{'a': 1}", '\ufeff{'])  await expect(operation, { ...sent, payload }, 400, 'malformed_request', payload)
      for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'nonsense']) {
        await expect(operation, { ...sent, payload: JSON.stringify(sent.payload ?? {}), headers: { 'content-type': type } }, 400, 'malformed_request', type)
      }
      for (const payload of ['null', '[]', '"text"', '1', 'true']) await expect(operation, { ...sent, payload }, 422, 'validation_failed', payload)
      await expect(operation, { ...sent, payload: JSON.stringify({ ...sent.payload as object, padding: 'x'.repeat(1_048_577) }) }, 413, 'too_large', 'more than 1 MiB')
    }
    sound(t, 'each is refused')
  })

  t.test('a field that is missing: 422, and the answer names it', async (t) => {
    let tried = 0
    for (const operation of withBody) {
      const sent = about(operation, c)
      for (const { path, isRequired } of fieldsOf(operation.body as object, sent.payload, document)) {
        if (!isRequired) continue
        tried += 1
        const { body } = await expect(operation, { ...sent, payload: withField(sent.payload, path, undefined) }, 422, 'validation_failed', `without ${path.join('.')}`)
        if (!body.errors?.some((one: any) => one.path === path.join('.'))) fault(`${operation.id} without ${path.join('.')} names ${JSON.stringify(body.errors)}`)
      }
      if (fieldsOf(operation.body as object, sent.payload, document).some(({ isRequired }) => isRequired)) await expect(operation, { ...sent, payload: {} }, 422, 'validation_failed', 'empty')
    }
    t.ok(tried > 50, `${tried} tries`)
    sound(t, 'each is named')
  })

  t.test('a text that cannot be stored: 422, and the answer names it', async (t) => {
    let tried = 0
    for (const operation of withBody) {
      const sent = about(operation, c)
      for (const { path, schema } of fieldsOf(operation.body as object, sent.payload, document)) {
        for (const text of unstorable) {
          if (schema.type !== 'string') continue
          tried += 1
          const { body } = await expect(operation, { ...sent, payload: withField(sent.payload, path, text) }, 422, 'validation_failed', `${path.join('.')} = ${JSON.stringify(text)}`)
          if (!body.errors?.some((one: any) => one.path === path.join('.'))) fault(`${operation.id} ${path.join('.')} names ${JSON.stringify(body.errors)}`)
        }
        if (path.length === 1) await expect(operation, { ...sent, payload: { ...sent.payload as object, 'un\0known': 1 } }, 422, 'validation_failed', 'a name that cannot be stored')
      }
    }
    t.ok(tried > 100, `${tried} tries`)
    sound(t, 'each is refused')
  })

  t.test('a field that is not what it should be: 422 where the document says so, and never a fault', async (t) => {
    let refused = 0
    let taken = 0
    for (const operation of withBody) {
      const sent = about(operation, c)
      for (const { path, schema } of fieldsOf(operation.body as object, sent.payload, document)) {
        for (const oddity of oddities) {
          const allowed = isAllowed(schema, oddity, document)
          // What moves time, and what is sent to no end, is left alone where it would be taken.
          if (allowed && /sandbox/i.test(operation.path)) continue
          const payload = withField(sent.payload, path, oddity)
          const answer = await send(operation, { ...sent, payload })
          // Names that reach into prototypes are taken for no JSON of ours at all.
          if (answer.status === 400 && /__proto__|constructor/.test(JSON.stringify(payload))) continue
          if (allowed) {
            taken += 1
            continue
          }
          refused += 1
          const named = answer.body?.errors?.some((one: any) => one.path === '' || one.path.startsWith(path[0]))
          if (answer.status !== 422 || answer.body.code !== 'validation_failed' || !named) fault(`${operation.id} ${path.join('.')} = ${JSON.stringify(oddity)?.slice(0, 60)}: ${answer.status} ${answer.text.slice(0, 200)}`)
        }
      }
    }
    t.comment(`${refused} refused by the document, ${taken} left to the rules`)
    t.ok(refused > 800 && taken > 50)
    sound(t, 'each is answered as promised')
  })

  t.test('anything at all as a body is answered with a problem, and deep nesting is no fault', async (t) => {
    const deep = '['.repeat(5_000) + ']'.repeat(5_000)
    const deepObject = '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000)
    const deepest = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"reason":"\\u0000"}`
    for (const operation of withBody) {
      const sent = about(operation, c)
      for (const payload of [deep, ...(operation.id === 'signIn' ? [deepest, deepest.replace('[]', '["\\u0000"]')] : []), `{"reason":${deep},"name":${deep}}`, deepObject, '{"__proto__":{"reason":"x"}}', '{"constructor":{"prototype":{"reason":"x"}}}']) {
        const { status, text } = await send(operation, { ...sent, payload })
        // What has nothing that must be said takes whatever it does not know.
        const isTaken = isAllowed(operation.body as object, JSON.parse(payload), document)
        if (status !== 422 && status !== 400 && !isTaken) fault(`${operation.id} ${payload.slice(0, 30)}: ${status} ${text.slice(0, 120)}`)
      }
    }
    const properties = fc.check(fc.asyncProperty(fc.constantFrom(...withBody.filter(({ path }) => !/sandbox/.test(path))), fc.jsonValue({ maxDepth: 3 }), async (operation, junk) => {
      const { payload, ...sent } = about(operation, c)
      await send(operation, { ...sent, payload: typeof junk === 'string' ? JSON.stringify(junk) : junk })
      if (typeof junk === 'object' && junk !== null) await send(operation, { ...sent, payload: { ...payload as object, ...junk } })
    }), { numRuns: 150 })
    await properties
    sound(t, 'never a fault')
  })

  t.test('a query that is not what it should be: 422, and never a fault', async (t) => {
    const junk = ['', '0', '101', '-1', '1.5', '1e9', 'NaN', 'x', '%00', '%F0%9F%8F%8A', 'a'.repeat(600), 'null', '[]', '%7B%7D', "'%20or%201=1", Buffer.from('{"a":1}').toString('base64url'), Buffer.from('"ctr_x"').toString('base64url')]
    for (const operation of operations.filter(({ query }) => query.length > 0)) {
      for (const end of endsOf(operation)) {
        const sent = about(operation, c, end)
        // What is one end's own is not there for another.
        if (end !== endsOf(operation)[0] && (await send(operation, sent)).status === 404) continue
        for (const { name, schema } of operation.query) {
          for (const value of junk) {
            const { status, text } = await send(operation, { ...sent, query: `?${name}=${value}` })
            const decoded = decodeURIComponent(value)
            const asNumber = schema.type === 'integer' ? Number(decoded === '' ? 0 : decoded) : decoded
            if (!isAllowed(schema, asNumber, document) && status !== 422) fault(`${operation.id} ?${name}=${value.slice(0, 30)}: ${status} ${text.slice(0, 120)}`)
            if (name === 'cursor' && decoded.length > 0 && status !== 422) fault(`${operation.id} ?cursor=${value.slice(0, 30)}: ${status} ${text.slice(0, 120)}`)
          }
          const { status } = await send(operation, { ...sent, query: `?${name}=a&${name}=b` })
          if (status >= 500) fault(`${operation.id} ?${name} twice: ${status}`)
        }
        const { status } = await send(operation, { ...sent, query: `?${queriesFor[operation.id] ?? ''}&unknown=1&__proto__[a]=b&constructor=c` })
        if (status !== 200) fault(`${operation.id}: an unknown parameter: ${status}`)
      }
    }
    sound(t, 'each is answered as promised')
  })

  t.test('a key that is missing, unfit, or was used for another request', async (t) => {
    for (const operation of operations.filter(({ isIdempotent }) => isIdempotent)) {
      const sent = about(operation, c)
      await expect(operation, { ...sent, key: false }, 428, 'idempotency_key_required', 'without a key')
      await expect(operation, { ...sent, key: '' }, 428, 'idempotency_key_required', 'an empty key')
      for (const key of ['two words', 'x'.repeat(256), '\u00e9', 'tab\there']) await expect(operation, { ...sent, key }, 422, 'validation_failed', `the key ${key.slice(0, 10)}`)
    }
    sound(t, 'each is refused')

    const shop = await newShop(app)
    const consumer = await newConsumer(app)
    const productId = await listProduct(app, shop)
    const bought = await buy(app, consumer, productId)
    const unpaid = await buy(app, consumer, productId, { pay: false })
    const code = async (): Promise<string> => (await consumer.post(`/contracts/${bought}/check-in-codes`)).body.code
    const refundOf = async (contractId: string): Promise<string> => (await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' })).body.id
    const released = await visit(shop, consumer, bought)
    const second = await visit(shop, consumer, bought)
    const refundable = await buy(app, consumer, productId)
    const asked = expectStatus(await consumer.post(`/contracts/${refundable}/refunds`, { quoteId: await refundOf(refundable) }), 201).body.id
    const closing = await newShop(app)
    const refusable = await buy(app, consumer, productId)
    const term = await buy(app, consumer, await listProduct(app, shop, { kind: 'period' }))

    type Use = Readonly<{ who: Person; path: string; body: object; other?: object; otherPath?: string }>
    const uses: Record<string, Use> = {
      applyAsMerchant: { who: consumer, path: '/merchants', body: application(), other: application() },
      createProduct: { who: shop.owner, path: '/products', body: offer(), other: offer({ name: '另一张卡' }) },
      makeContract: { who: consumer, path: '/contracts', body: { productId }, other: { productId: c.ids.prd } },
      payContract: { who: consumer, path: `/contracts/${unpaid}/payments`, body: { channel: 'sandbox' }, other: { channel: 'alipay' } },
      redeem: { who: shop.cashier, path: '/redemptions', body: { code: await code(), venueId: shop.venueId }, other: { code: await code(), venueId: shop.venueId } },
      voidRedemption: { who: shop.cashier, path: `/redemptions/${released}/void`, body: { reason: '一' }, other: { reason: '二' } },
      objectToRedemption: { who: consumer, path: `/redemptions/${second}/objection`, body: { reason: '一' }, other: { reason: '二' } },
      requestRefund: { who: consumer, path: `/contracts/${bought}/refunds`, body: { quoteId: await refundOf(bought) }, other: { quoteId: c.quoteId } },
      approveRefund: { who: staff.notary, path: `/refunds/${asked}/approve`, body: {}, otherPath: `/refunds/${c.refunds.awaitingConsent}/approve` },
      requestAccountChange: { who: shop.owner, path: `/merchants/${shop.merchantId}/settlement-account-changes`, body: otherAccount, other: { ...otherAccount, accountNumber: '6228 4800 8765 4321' } },
      proposeResolution: { who: staff.notary, path: `/suspense-items/${c.ids.sus}/resolution`, body: { kind: 'refund', contractId: c.contracts.active, reason: '一' }, other: { kind: 'refund', contractId: c.contracts.active, reason: '二' } },
      approveResolution: { who: staff.checker, path: `/suspense-items/${c.ids.sus}/resolution/approve`, body: {}, otherPath: `/suspense-items/${a.ids.sus}/resolution/approve` },
      proposeDayClose: { who: staff.notary, path: `/reconciliations/${addDays(c.ids.date as string, 1)}/close`, body: { reason: '一' }, other: { reason: '二' } },
      proposePause: { who: consumer, path: `/contracts/${term}/pauses`, body: pauseIn(5), other: pauseIn(6) },
      offerTransfer: { who: consumer, path: `/contracts/${refusable}/transfers`, body: { phone: newPhone() }, other: { phone: newPhone() } },
      draftSettlement: { who: staff.notary, path: '/settlements', body: { merchantIds: [c.merchantId] }, other: { merchantIds: [shop.merchantId] } },
      approveSettlement: { who: staff.checker, path: `/settlements/${c.settlements.draft}/approve`, body: {}, otherPath: `/settlements/${c.settlements.completed}/approve` },
      refuseDeposit: { who: staff.notary, path: `/contracts/${refusable}/deposit/refuse`, body: { reason: '一' }, other: { reason: '二' } },
      proposeClosure: { who: staff.notary, path: `/merchants/${closing.merchantId}/closure`, body: { reason: '停业', stoppedOn: '2026-11-01' }, other: { reason: '停业', stoppedOn: '2026-11-02' } }
    }
    // A body that the document allows may have proposed one before.
    await staff.notary.post(`/suspense-items/${c.ids.sus}/resolution/withdraw`)
    const visited = await visit(c, c.consumer, c.contracts.active)
    // A draft needs something payable that no other has: C's own is set free first.
    expectStatus(await staff.checker.post(`/settlements/${c.settlements.draft}/cancel`), 200)
    expectStatus(await staff.notary.get(`/redemptions/${visited}`), 200)
    const draft = uses.draftSettlement as Use
    const draftKey = randomUUID()
    const drafted = expectStatus(await draft.who.post(draft.path, draft.body, { key: draftKey }), 201)
    uses.approveSettlement = { ...uses.approveSettlement as Use, path: `/settlements/${drafted.body.id}/approve` }

    for (const [id, { who, path, body, other, otherPath }] of Object.entries(uses)) {
      const key = id === 'draftSettlement' ? draftKey : randomUUID()
      const first = id === 'draftSettlement' ? drafted : await who.post(path, body, { key })
      t.ok(first.status < 300, `${id} succeeds: ${JSON.stringify(first.body).slice(0, 200)}`)
      const reused = await who.post(otherPath ?? path, other ?? body, { key })
      t.match(reused, { status: 422, body: { code: 'idempotency_key_reused' } }, `${id}: the key for another request`)
      const again = await who.post(path, body, { key })
      t.equal(again.status, first.status, `${id}: the same request`)
      t.same(again.body, first.body, `${id}: the first answer, as it was then`)
      t.equal(again.headers['idempotency-replayed'], 'true', `${id}: and says so`)
    }
    const elsewhere = ['proposeBankRefund', 'orderBankRefund', 'openDispute', 'offerInDispute', 'proposeInDispute', 'makeAward', 'correctAward', 'enterJudgment', 'executeAward', 'importBankStatement', 'importChannelReport', 'proposeLegalHold', 'approveLegalHold', 'proposeLegalHoldLifting', 'approveLegalHoldLifting', 'closeDay', 'proposeUnclaimed', 'approveUnclaimed', 'proposeUnclaimedClaim', 'approveUnclaimedClaim']
    t.same(operations.filter(({ isIdempotent }) => isIdempotent).map(({ id }) => id).filter((id) => !(id in uses) && !elsewhere.includes(id)), [], 'every call with a key is here, or in the tests of its feature')
  })

  t.test('a step that the state does not allow: 409, which says the state and what would be', async (t) => {
    const at = (who: Person, path: string, body: object = {}) => ({ who, path, body })
    const steps = [
      at(staff.notary, `/merchants/${a.merchantId}/approve`), at(staff.notary, `/merchants/${a.merchantId}/reject`, { reason: '一' }), at(staff.notary, `/merchants/${a.merchantId}/resume`),
      at(a.owner, `/products/${a.ids.prd}/submit`), at(staff.notary, `/products/${a.ids.prd}/approve`), at(staff.notary, `/products/${a.ids.prd}/reject`, { reason: '一' }),
      ...[a.contracts.active, a.contracts.refunded, a.contracts.cancelled].flatMap((id) => [
        at(a.consumer, `/contracts/${id}/cancel`), at(a.consumer, `/contracts/${id}/payments`, { channel: 'sandbox' }), at(a.consumer, `/contracts/${id}/reactivate`)
      ]),
      at(a.consumer, `/contracts/${a.contracts.unsigned}/payments`, { channel: 'sandbox' }),
      ...[a.contracts.unsigned, a.contracts.ordered, a.contracts.refunded, a.contracts.cancelled].flatMap((id) => [
        at(a.consumer, `/contracts/${id}/check-in-codes`), at(a.consumer, `/contracts/${id}/refund-quotes`, { reason: 'consumer_choice' }), at(staff.notary, `/contracts/${id}/deposit/refuse`, { reason: '一' })
      ]),
      ...[a.redemptions.voided, a.redemptions.payable].flatMap((id) => [
        at(a.cashier, `/redemptions/${id}/void`, { reason: '一' }), at(a.consumer, `/redemptions/${id}/objection`, { reason: '一' }), at(a.consumer, `/redemptions/${id}/objection/withdraw`)
      ]),
      at(a.consumer, `/redemptions/${a.redemptions.objected}/objection`, { reason: '一' }), at(a.consumer, `/redemptions/${a.redemptions.pending}/objection/withdraw`),
      at(a.owner, `/refunds/${a.refunds.paid}/accept`), at(a.owner, `/refunds/${a.refunds.paid}/decline`, { reason: '一' }),
      at(staff.notary, `/refunds/${a.refunds.paid}/approve`), at(staff.notary, `/refunds/${a.refunds.paid}/reject`, { reason: '一' }), at(staff.notary, `/refunds/${a.refunds.awaitingConsent}/approve`),
      ...[a.settlements.completed, a.settlements.cancelled].flatMap((id) => [at(staff.checker, `/settlements/${id}/approve`), at(staff.checker, `/settlements/${id}/cancel`)])
    ]
    for (const { who, path, body } of steps) {
      const answer = await who.post(path, body)
      t.match(answer, { status: 409, body: { code: 'wrong_state', state: /.+/, allowed: Array } }, path.replace(/_\w{26}/, ''))
    }
  })

  t.test('after all that, nothing of A and B has changed, and the books are in order', async (t) => {
    t.comment(`${calls} calls`)
    t.same(await portraitOf(staff, a), before[0], 'A is as it was')
    t.same(await portraitOf(staff, b), before[1], 'B is as it was')
    const { body } = await app.nobody.get('/sandbox/invariants')
    t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
    t.same(await bookedOtherwise(app), [], 'every entry is one of docs/accounting.md')
    t.equal((await app.nobody.post('/auth/challenges', { phone: newPhone(), purpose: 'login' })).status, 201, 'and the service is well')
    expectStatus(await makeContract(a.consumer, a.ids.prd as string).then((body) => ({ status: 201, body })), 201)
  })
})
