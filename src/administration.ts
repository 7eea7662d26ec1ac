import { join } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { z } from 'zod'
import type { Config } from './config.js'
import { createPool } from './db/client.js'
import { createUnitOfWork, worker } from './db/unit-of-work.js'
import { HashName } from './evidence/model.js'
import { openLog } from './evidence/sequencer.js'
import { Phone, type PersonId } from './identity/model.js'
import { createPeople } from './identity/people.js'
import { createRevocations } from './identity/revocations.js'
import { newPassword } from './identity/secrets.js'
import type { Clock } from './kernel/clock.js'
import { OfficeNumber } from './kernel/id.js'
import { createVault } from './kernel/vault.js'
import { createOffices } from './offices/service.js'
import { createRotation, type KeyUse } from './privacy/rotation.js'
import { StaffEnd, staffRoles } from './staff/model.js'
import { createShelf } from './storage/shelf.js'
import { createStorage } from './storage/storage.js'

/*
 * What a deployment needs before anyone can sign in: its notary offices and its first staff. Run
 * from a shell by whoever runs the service, because no token can exist yet.
 */

const text = z.string().trim().min(1).max(200)
const optionalNumber = z.coerce.number().pipe(OfficeNumber).optional()

const NewOffice = z.object({
  number: z.coerce.number().pipe(OfficeNumber),
  name: text,
  district: text,
  origin: text.regex(/^[^\s+]+$/).meta({ description: 'the origin line of the evidence log, such as example.cn/changning' }),
  'bank-name': text,
  'account-name': text,
  'account-number': z.string().regex(/^\d{8,32}$/),
  'evidence-hash': HashName.default('sha256').meta({ description: 'the hash function of the evidence log, for good' })
})

const NewStaff = z.object({
  phone: Phone,
  end: StaffEnd,
  office: optionalNumber,
  roles: z.string().default('').transform((list) => list.split(',').map((role) => role.trim()).filter(Boolean)),
  name: text,
  'new-password': z.boolean().default(false)
}).refine(({ end, roles }) => roles.every((role) => staffRoles[end].includes(role)), {
  path: ['roles'], error: `must be among ${Object.entries(staffRoles).map(([end, roles]) => `${end}: ${roles.join(', ') || '(none)'}`).join('; ')}`
}).refine(({ end, office }) => end !== 'notary' || office !== undefined, { path: ['office'], error: 'a notary belongs to an office' })
  .refine(({ end, office, roles }) => end !== 'administrator' || (office === undefined && roles.length === 1), { path: ['roles'], error: 'an administrator is exactly one of system, security, audit, and of no office' })

/** A command that cannot be run as it was written. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const optionsOf = (schema: z.ZodObject): ParseArgsConfig['options'] =>
  Object.fromEntries(Object.keys(schema.shape).map((name) => [name, { type: name === 'new-password' ? 'boolean' : 'string' }]))

const parsed = <Schema extends z.ZodObject>(schema: Schema, args: readonly string[]): z.output<Schema> => {
  const usage = Object.keys(schema.shape).map((name) => `--${name}`).join(' ')
  try {
    const { values } = parseArgs({ args: [...args], options: optionsOf(schema), strict: true })
    return schema.parse(values)
  } catch (error) {
    const what = error instanceof z.ZodError ? error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n') : (error as Error).message
    throw new UsageError(`${what}\noptions: ${usage}`)
  }
}

/** `ownerUrl`: as the owner of the database, which the rotation of keys needs. `isCluster`: whether the database is distributed. */
type Options = Readonly<{ config: Config; serviceUrl: string; ownerUrl?: string | undefined; isCluster?: boolean; clock?: Clock }>

const linesOf = (uses: readonly KeyUse[]): string => uses.map(({ key, kind, isNewest, values, files }) => {
  const holds = values + files === 0 ? (isNewest ? 'holds nothing yet' : 'holds nothing: it may leave the ring') : `${values} values${kind === 'data' ? `, ${files} files` : ''}`
  return `${kind} key ${key}${isNewest ? ' (newest)' : ''}: ${holds}`
}).join('\n')

/** The administration's commands; each returns what is to be printed. */
export const createAdministration = ({ config, serviceUrl, ownerUrl, isCluster = false, clock = { now: () => new Date() } }: Options) => {
  const pool = createPool({ connectionString: serviceUrl, max: 4, isCluster, applicationName: 'ticun administration', onError: () => undefined })
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: () => undefined })
  const vault = createVault(config.dataKeys, config.indexKeys)
  const offices = createOffices({ work, clock })
  const people = createPeople({ clock, vault, revocations: createRevocations({ work, clock }) })

  const createOffice = async (args: readonly string[]): Promise<string> => {
    const wanted = parsed(NewOffice, args)
    if ((await offices.numbers()).includes(wanted.number)) throw new UsageError(`--number: office ${wanted.number} exists already`)
    const { number, name, district, origin } = wanted
    const office = await work.write(worker, number, async (tx) => {
      const established = await offices.establish(tx, {
        number, name, district, origin,
        bankName: wanted['bank-name'], accountName: wanted['account-name'], accountNumber: wanted['account-number']
      })
      await openLog(tx, { vault, origin, hash: wanted['evidence-hash'], now: clock.now() })
      return established
    })
    return `office ${office.number} (${office.name}): ${office.id}`
  }

  const addStaff = async (args: readonly string[]): Promise<string> => {
    const { phone, end, office, roles, name, 'new-password': isNewPassword } = parsed(NewStaff, args)
    if (office !== undefined && !(await offices.numbers()).includes(office)) throw new UsageError(`--office: there is no office ${office}`)
    const placeName = office === undefined ? '' : (await offices.byNumber(office)).name
    const password = newPassword()
    const [personId, isSet] = await work.write<[PersonId, boolean]>(worker, office ?? 0, async (tx) => {
      const personId = await people.addMember(tx, { phone, name, end, office, roles, placeName })
      const isToSet = isNewPassword || !(await people.hasPassword(tx, personId))
      if (isToSet) await people.setPassword(tx, personId, password, { oneTime: true })
      return [personId, isToSet]
    })
    return [
      `${end} ${personId} may sign in${roles.length === 0 ? '' : ` as ${roles.join(', ')}`}`,
      isSet ? `one-time password, good for 7 days, to be changed by PUT /v1/me/password: ${password}` : 'the password stays as it is (--new-password makes another)'
    ].join('\n')
  }

  const asOwner = async <Result>(use: (rotation: ReturnType<typeof createRotation>) => Promise<Result>): Promise<Result> => {
    if (ownerUrl === undefined) throw new UsageError('DATABASE_URL is required: as the owner of the database')
    const ownerPool = createPool({ connectionString: ownerUrl, max: 2, applicationName: 'ticun key rotation', onError: () => undefined })
    const storage = createStorage({ directory: join(config.dataDirectory, 'incoming'), shelf: createShelf(config) })
    try {
      return await use(createRotation({ pool: ownerPool, vault, rings: { data: config.dataKeys, index: config.indexKeys }, storage }))
    } finally {
      await ownerPool.end()
    }
  }

  /** Seals and indexes everything by the newest keys; says what each key still holds. */
  const rotateKeys = (): Promise<string> => asOwner(async ({ rotate }) => linesOf(await rotate()))

  /** What each key holds: one that holds nothing may be dropped. */
  const showKeys = (): Promise<string> => asOwner(async ({ status }) => linesOf(await status()))

  const commands: Readonly<Record<string, (args: readonly string[]) => Promise<string>>> = {
    'office:create': createOffice, 'staff:add': addStaff, 'keys:rotate': rotateKeys, 'keys:status': showKeys
  }

  /** @throws UsageError that says what is wrong and which options there are */
  const run = async ([name = '', ...args]: readonly string[]): Promise<string> => {
    const command = commands[name]
    if (!command) throw new UsageError(`commands: ${Object.keys(commands).join(', ')}`)
    return command(args)
  }

  return { run, close: () => pool.end() }
}
