import { randomUUID } from 'node:crypto'
import { chmodSync, createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:http'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { configOf } from '../src/config.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { newId } from '../src/kernel/id.js'
import { office } from './seed.js'
import { postgresCpuSeconds, startService, type Service } from './server.js'
import { tokenFor } from './tokens.js'

/*
 * A statement of a million lines, as camt.053 and as CSV, in UTF-8 and in GB18030, imported over
 * HTTP; and the memory of the service while it is. Every line answers a payment of the books: they
 * are laid down here beforehand, so that matching has a million candidates to find its own among.
 */

const { values: options } = parseArgs({ options: { lines: { type: 'string', default: '1000000' }, port: { type: 'string', default: '3902' }, only: { type: 'string' } } })
const lines = Number(options.lines)
const port = Number(options.port)
const accountNumber = '1001242119000000001'
const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)

/** A channel's settlement number, by the line's. */
const numberOf = (i: number): string => `set-${i.toString(36).padStart(8, '0')}`
const yuanOf = (i: number): string => `${1 + (i % 900)}.${String(i % 100).padStart(2, '0')}`
const fenOf = (i: number): number => (1 + (i % 900)) * 100 + (i % 100)

const write = async (path: string, encoding: 'utf8' | 'gb18030', parts: (put: (text: string) => Promise<void>) => Promise<void>): Promise<void> => {
  const out = createWriteStream(path)
  // The only Chinese in a line is the same in each, so that two tables are enough to write GB18030.
  const encode = (text: string): Buffer => (encoding === 'utf8' ? Buffer.from(text) : gb18030(text))
  await parts(async (text) => { if (!out.write(encode(text))) await once(out, 'drain') })
  out.end()
  await finished(out)
}

const gbBytes = new Map<string, Buffer>()

/** GB18030 of a text: Node decodes it and does not encode it, so two-byte codes are looked up the other way round. */
const gb18030 = (text: string): Buffer => {
  if (gbBytes.size === 0) {
    const decoder = new TextDecoder('gb18030')
    for (let high = 0x81; high <= 0xfe; high++) for (let low = 0x40; low <= 0xfe; low++) if (low !== 0x7f) gbBytes.set(decoder.decode(Uint8Array.of(high, low)), Buffer.from([high, low]))
  }
  return Buffer.concat(text.split(/([\u0080-\uffff])/).map((part) => gbBytes.get(part) ?? Buffer.from(part, 'latin1')))
}

const batch = 2_000

const camt = (path: string, from: number): Promise<void> => write(path, 'utf8', async (put) => {
  let total = 0n
  for (let i = 0; i < lines; i++) total += BigInt(fenOf(from + i))
  const closing = `${total / 100n}.${String(total % 100n).padStart(2, '0')}`
  await put(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>${day}T00:00:00Z</CreDtTm></GrpHdr><Stmt><Id>bench-${from}</Id><CreDtTm>${day}T00:00:00Z</CreDtTm><Acct><Id><Othr><Id>${accountNumber}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>`)
  for (const [code, amount] of [['OPBD', '0.00'], ['CLBD', closing]]) await put(`<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`)
  for (let i = 0; i < lines; i += batch) {
    await put(Array.from({ length: Math.min(batch, lines - i) }, (_, j) => from + i + j).map((n) =>
      `<Ntry><NtryRef>${n}</NtryRef><Amt Ccy="CNY">${yuanOf(n)}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><ValDt><Dt>${day}</Dt></ValDt><AcctSvcrRef>BENCH${n}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>${numberOf(n)}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>沙箱支付渠道</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>结算</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`).join(''))
  }
  await put('</Stmt></BkToCstmrStmt></Document>')
})

const csv = (path: string, encoding: 'utf8' | 'gb18030', from: number): Promise<void> => write(path, encoding, async (put) => {
  await put('交易流水号,交易日期,贷方发生额,借方发生额,余额,凭证号,对方户名,对方账号,摘要\n')
  let balance = 0n
  for (let i = 0; i < lines; i += batch) {
    await put(Array.from({ length: Math.min(batch, lines - i) }, (_, j) => from + i + j).map((n) => {
      balance += BigInt(fenOf(n))
      return `BENCH${n},${day},${yuanOf(n)},,${balance / 100n}.${String(balance % 100n).padStart(2, '0')},${numberOf(n)},沙箱支付渠道,,结算\n`
    }).join(''))
  }
})

/** Bookings of channel settlements that a statement's lines answer. The rows are those the service writes, laid down in bulk. */
const seed = async (owner: pg.Client, from: number): Promise<void> => {
  await owner.query(`insert into accounts (office_id, id, kind, of, balance_fen, version) values ($1, gen_random_uuid(), 'bank', $2, 0, 0), ($1, gen_random_uuid(), 'clearing', 'sandbox', 0, 0) on conflict do nothing`, [office, accountNumber])
  // Ids of this office: UUIDs whose last 16 bits are its number; the wire's form of one is what a transfer's reference names.
  await owner.query(`
    create or replace function bench_wire(prefix text, u uuid) returns text language sql immutable as $f$
      select prefix || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', substring(B'00' || ('x' || replace(u::text, '-', ''))::bit(128) from g * 5 + 1 for 5)::int + 1, 1), '' order by g) from generate_series(0, 25) g $f$`)
  await owner.query('alter table entries disable trigger all; alter table transfers disable trigger all')
  await owner.query(`
    create temp table made as
    select n, (lpad(to_hex(1700000000000 + n), 12, '0') || '7000800000000000' || '0001')::uuid as chs, (lpad(to_hex(1700000000000 + n), 12, '0') || '7001800000000000' || '0001')::uuid as trf,
      ((1 + (n % 900)) * 100 + (n % 100))::bigint as fen
    from generate_series($1::bigint, $1::bigint + $2::bigint - 1) n`, [from, lines])
  await owner.query(`insert into channel_settlements (office_id, id, channel, settlement_id, gross_fen, fee_fen, value_date) select $1, m.chs, 'sandbox', s.number, m.fen, 0, now()
    from made m join unnest($2::text[]) with ordinality as s(number, i) on s.i = m.n - $3::bigint + 1`, [office, Array.from({ length: lines }, (_, i) => numberOf(from + i)), from])
  await owner.query(`insert into transfers (office_id, id, event, reference, debit_fen, credit_fen, occurred_at, booked_at) select $1, trf, 'channel-settled', bench_wire('chs', chs), fen, fen, now(), now() from made`, [office])
  for (const [line, kind, of, side] of [[1, 'bank', accountNumber, 'D'], [2, 'clearing', 'sandbox', 'C']] as const) {
    await owner.query(`insert into entries (office_id, transfer_id, line, kind, account_id, side, amount_fen, balance_after_fen, booked_at)
      select $1, trf, $2, $3, (select id from accounts where office_id = $1 and kind = $3 and of = $4), $5, fen, 0, now() from made`, [office, line, kind, of, side])
  }
  await owner.query('drop table made; analyze')
}

type Memory = Readonly<{ heap: number; rss: number }>

const gaugeOf = (metrics: string, gauge: string): number => Math.round(Number(new RegExp(`^${gauge} (\\S+)`, 'm').exec(metrics)?.[1]) / 2 ** 20)

const readMemory = async (): Promise<Memory> => {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return { heap: gaugeOf(metrics, 'nodejs_heap_size_used_bytes'), rss: gaugeOf(metrics, 'process_resident_memory_bytes') }
}

/** Sends a file as it is read from the disk. */
const upload = (path: string, type: string, token: string): Promise<any> => new Promise((resolve, reject) => {
  const sent = request({
    host: '127.0.0.1', port, path: '/v1/bank-statements', method: 'POST',
    headers: { 'content-type': type, 'content-length': statSync(path).size, authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() }
  }, (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => { text += chunk.toString() })
    response.on('end', () => {
      if (response.statusCode === 201) resolve(JSON.parse(text))
      else reject(new Error(`${response.statusCode}: ${text}`))
    })
  })
  sent.on('error', reject)
  createReadStream(path).pipe(sent)
})

type Running = Readonly<{ service: Service; postmasterPid: number; token: string }>

const measure = async (name: string, path: string, type: string, { service, postmasterPid, token }: Running): Promise<void> => {
  const idle = await readMemory()
  const seen: Memory[] = []
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      seen.push(await readMemory())
      await new Promise((resolve) => { setTimeout(resolve, 500) })
    }
  })()
  const [began, nodeBefore, postgresBefore] = [performance.now(), service.cpuSeconds(), postgresCpuSeconds(postmasterPid)]
  const answer = await upload(path, type, token).finally(() => { isOver = true })
  const seconds = (performance.now() - began) / 1000
  const [node, postgres] = [service.cpuSeconds() - nodeBefore, postgresCpuSeconds(postmasterPid) - postgresBefore]
  await watching
  const third = (from: number, of: keyof Memory) => Math.max(...seen.slice(Math.floor(seen.length * from / 3), Math.ceil(seen.length * (from + 1) / 3)).map((one) => one[of]))
  console.log(`| ${name} | ${Math.round(statSync(path).size / 2 ** 20)} | ${answer.lines} | ${answer.matched} | ${seconds.toFixed(0)} | ${Math.round(lines / seconds)} | ${node.toFixed(0)} | ${postgres.toFixed(0)} | ${idle.heap} / ${[0, 1, 2].map((from) => third(from, 'heap')).join(' / ')} | ${idle.rss} / ${[0, 1, 2].map((from) => third(from, 'rss')).join(' / ')} |`)
  if (answer.lines !== lines || answer.matched !== lines) throw new Error(`not every line was matched: ${JSON.stringify(answer)}`)
}

const postmasterOf = async (owner: pg.Client): Promise<number> => {
  const { rows: [row] } = await owner.query<{ path: string }>("select current_setting('data_directory') || '/postmaster.pid' as path")
  return Number(readFileSync(row?.path as string, 'utf8').split('\n')[0])
}

const useEncoding = (owner: pg.Client, encoding: string) =>
  owner.query(`update rules set value = jsonb_set(value, '{csv,encoding}', to_jsonb($1::text)) where name = 'bank_statement'`, [encoding])

const run = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-bench-'))
  chmodSync(directory, 0o755)
  const embedded = await startEmbedded({ dataDirectory: directory })
  const owner = new pg.Client({ connectionString: embedded.url })
  await owner.connect()
  let service: Service | undefined
  try {
    await migrate(embedded.url, configOf({ TICUN_MODE: 'sandbox' }).secret)
    service = await startService(embedded.url, port)
    const token = tokenFor({ sub: newId('per', 0), end: 'notary', roles: ['maker'], office })
    console.log(`${cpus().length} cores, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}, Node ${process.version}, ${lines} lines\n`)
    console.log('| file | MB | lines | matched | s | lines a second | Node CPU s | PostgreSQL CPU s | heap MB: before / first / second / last third | resident MB: the same |\n|---|---|---|---|---|---|---|---|---|---|')
    const rounds = [
      { name: 'camt.053', file: 'camt.xml', type: 'application/xml', make: (path: string) => camt(path, 0), from: 0 },
      { name: 'CSV, UTF-8', file: 'utf8.csv', type: 'text/csv', make: (path: string) => csv(path, 'utf8', lines), from: lines, encoding: 'UTF-8' },
      { name: 'CSV, GB18030', file: 'gb18030.csv', type: 'text/csv', make: (path: string) => csv(path, 'gb18030', 2 * lines), from: 2 * lines, encoding: 'GB18030' }
    ].filter(({ name }) => options.only === undefined || name.includes(options.only))
    for (const { name, file, type, make, from, encoding } of rounds) {
      await seed(owner, from)
      if (encoding) await useEncoding(owner, encoding)
      const path = join(directory, file)
      await make(path)
      await measure(name, path, type, { service, postmasterPid: await postmasterOf(owner), token })
      rmSync(path)
    }
    console.log(`\nload ${loadavg().map((load) => load.toFixed(1)).join(' ')}`)
  } finally {
    await service?.stop()
    await owner.end()
    await embedded.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
