import { hash } from 'node:crypto'
import { pino } from 'pino'
import { z } from 'zod'
import { tokenKeysOf } from '../src/app.js'
import { configOf, deriveKey } from '../src/config.js'
import { lockContracts, updateContracts } from '../src/contracts/store.js'
import { createPool, type Row } from '../src/db/client.js'
import { migrate } from '../src/db/migrate.js'
import { createUnitOfWork, keyHashOf, type Tx } from '../src/db/unit-of-work.js'
import { createEvidence } from '../src/evidence/service.js'
import { createMetrics } from '../src/http/metrics.js'
import { createServer } from '../src/http/server.js'
import { stepUpRequired } from '../src/identity/problems.js'
import { dateOf } from '../src/kernel/calendar.js'
import type { Command } from '../src/kernel/caller.js'
import { idOf, newId, officeOf, uuidOf } from '../src/kernel/id.js'
import { idempotencyKeyReused } from '../src/kernel/problems.js'
import { createLedger } from '../src/ledger/service.js'
import { Redeem, RedeemAnswer, type CheckInCode, type Release } from '../src/redemptions/model.js'
import { unitsReleased } from '../src/redemptions/postings.js'
import { codeInvalid } from '../src/redemptions/problems.js'
import { redeem } from '../src/redemptions/rules.js'

/*
 * The plain way to redeem, to compare with: one interactive transaction a request, statement after
 * statement, by the same rule into the same tables, behind the same HTTP layer. It is what the
 * service would do without batches, and is used nowhere else.
 */

const config = configOf(process.env)
const serviceUrl = await migrate(config.databaseUrl as string, config.secret)
const pool = createPool({ connectionString: serviceUrl, max: 20, onError: (error) => { console.error(error) } })
const clock = { now: () => new Date() }
const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { console.error(error) } })
const evidence = createEvidence({ clock })
const ledger = createLedger({ clock, evidence })

const row = async (tx: Tx, name: string, text: string, values: unknown[]): Promise<Row | undefined> => (await tx.client.query({ name, text, values })).rows[0]

const lockCode = async (tx: Tx, code: string): Promise<CheckInCode | undefined> => {
  const found = await row(tx, 'code', 'select * from check_in_codes where office_id = $1 and code_hash = $2 for update', [tx.office, hash('sha256', code, 'buffer')])
  return found && { codeHash: found.code_hash.toString('hex'), contractId: idOf('ctr', found.contract_id), merchantId: idOf('mer', found.merchant_id), expiresAt: found.expires_at, usedAt: found.used_at }
}

const insertRelease = (tx: Tx, release: Release, codeHash: string) => tx.client.query({
  name: 'release', text: `insert into releases (office_id, id, contract_id, merchant_id, kind, state, units, amount_fen, units_left, date, created_at, due_at, venue_id, cashier_id, code_hash)
    values ($1, $2, $3, $4, 'check_in', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
  values: [tx.office, uuidOf(release.id), uuidOf(release.contractId), uuidOf(release.merchantId), release.state, release.units, release.amountFen, release.unitsLeft, release.date, release.createdAt, release.dueAt,
    release.venueId && uuidOf(release.venueId), release.cashierId && uuidOf(release.cashierId), Buffer.from(codeHash, 'hex')]
})

const redeemOnce = (command: Command, body: Redeem): Promise<RedeemAnswer> => work.write({ role: 'redeemer' }, officeOf(command.caller.merchantId as string), async (tx) => {
  const keyHash = keyHashOf(command)
  await tx.client.query('select pg_advisory_xact_lock($1)', [keyHash.readBigInt64BE()])
  const stored = await row(tx, 'key', 'select request_hash, answer from idempotency_keys where office_id = $1 and key_hash = $2', [tx.office, keyHash])
  if (stored) {
    if (!stored.request_hash.equals(command.requestHash)) throw idempotencyKeyReused({})
    command.markReplayed()
    return z.decode(RedeemAnswer, JSON.parse(stored.answer))
  }
  const code = await lockCode(tx, body.code)
  const [before] = code ? await lockContracts(tx, [code.contractId]) : []
  const venue = await row(tx, 'venue', 'select merchant_id from venues where office_id = $1 and id = $2', [tx.office, uuidOf(body.venueId)])
  const now = clock.now()
  const { contract, release } = redeem(body, {
    code, contract: before, merchantId: command.caller.merchantId as `mer_${string}`, venueMerchantId: venue && idOf('mer', venue.merchant_id),
    id: newId('red', tx.office), cashierId: command.caller.personId, date: dateOf(now), now
  })
  if (!code) throw codeInvalid({})
  await updateContracts(tx, [contract])
  await insertRelease(tx, release, code.codeHash)
  await ledger.post(tx, unitsReleased(contract, release))
  await tx.client.query({ name: 'use', text: 'update check_in_codes set used_at = $3 where office_id = $1 and code_hash = $2', values: [tx.office, Buffer.from(code.codeHash, 'hex'), now] })
  const answer: RedeemAnswer = {
    id: release.id, contractId: release.contractId, status: release.state, releasedFen: release.amountFen,
    sessionsLeft: release.unitsLeft === null ? null : Number(release.unitsLeft), objectionUntil: release.dueAt
  }
  await tx.client.query({
    name: 'keep', text: 'insert into idempotency_keys (office_id, key_hash, request_hash, answer, created_at) values ($1, $2, $3, $4, $5)',
    values: [tx.office, keyHash, command.requestHash, JSON.stringify(z.encode(RedeemAnswer, answer)), now]
  })
  return answer
})

const unbounded = 100_000
const { app, addRoutes } = await createServer({
  logger: pino({ level: 'warn' }), clock, keys: tokenKeysOf(deriveKey(config.secret, 'token signing')), issuer: 'ticun', version: 'naive', metrics: createMetrics(),
  isRevoked: () => false, readiness: () => Promise.resolve({ status: 'ready', checks: {} }), metricsAccess: 'open', collect: () => Promise.resolve(), rateLimit: undefined, limits: { usual: unbounded, redemptions: unbounded }, stepUp: { check: () => Promise.resolve(), problem: stepUpRequired }, trustProxy: false, onUndeclared: () => undefined
})
await addRoutes(async (v1) => {
  v1.post('/redemptions', { schema: { body: Redeem, response: { 201: RedeemAnswer } }, config: { access: ['merchant'], idempotent: true } }, async ({ command, body }, reply) => {
    reply.code(201)
    return redeemOnce(command, body)
  })
})
await app.listen({ port: config.port, host: '127.0.0.1' })
process.once('SIGTERM', () => { void app.close().then(() => pool.end()) })
