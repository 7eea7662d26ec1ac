#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { algorithms, verifierKeyOf, type VerifierKey } from './verify/note.js'
import { checkReceipt, receiptOf } from './verify/receipt.js'
import { Refused } from './verify/refused.js'
import { findLog } from './verify/remote.js'
import { keptOf, walk, walkedOf } from './verify/walk.js'
import { refusalOf, wordsOf } from './verify/words.js'
import { newWitnessKey, witnessKeyOf } from './witness/key.js'
import { memoryIn, readIfThere, writeDurably } from './witness/memory.js'
import { Contradiction, witnessOnce } from './witness/witness.js'

/*
 * `ticun`: what outsiders run. It needs neither the service nor its database. Ends with 0 when all
 * is well, 1 when a check refused, 2 when the command was not understood, 3 when a witness found
 * that a log contradicts itself.
 */

const usage = `用法 Usage:
  ticun verify RECEIPT.json --key KEY [--tsa-ca FILE.pem] [--witness KEY]…
  ticun verify log URL --key KEY [--state FILE]
  ticun witness URL --key KEY --witness-key FILE --state FILE [--out FILE] [--submit] [--every SECONDS]
  ticun witness new-key NAME --witness-key FILE

KEY: 公钥（name+hash+base64），或存有公钥的文件 a verifier key, or a file that holds one
URL: https://office.example 或其日志地址 or its log's address, …/v1/evidence/logs/off_…
`

class UsageError extends Error {
  override readonly name = 'UsageError'
}

const say = (text: string): void => { process.stdout.write(text) }

const required = (value: string | undefined, what: string): string => {
  if (value === undefined) throw new UsageError(`${what} is missing`)
  return value
}

const keyFrom = async (given: string): Promise<VerifierKey> => verifierKeyOf(given.includes('+') ? given : await readFile(given, 'utf8'))

const options = {
  key: { type: 'string' }, 'tsa-ca': { type: 'string' }, witness: { type: 'string', multiple: true },
  state: { type: 'string' }, 'witness-key': { type: 'string' }, out: { type: 'string' }, submit: { type: 'boolean' }, every: { type: 'string' }, help: { type: 'boolean', short: 'h' }
} satisfies ParseArgsConfig['options']

const parsed = (args: string[]) => {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

type Values = ReturnType<typeof parsed>['values']

const verifyReceipt = async (path: string, { key, 'tsa-ca': authorities, witness = [] }: Values): Promise<void> => {
  const json = await readFile(path, 'utf8')
  const proven = await checkReceipt(json, {
    key: key === undefined ? verifierKeyOf(receiptOf(json).log.key) : await keyFrom(key),
    authorities: authorities === undefined ? undefined : await readFile(authorities, 'utf8'),
    witnesses: await Promise.all(witness.map(keyFrom))
  })
  say(wordsOf(proven, key !== undefined))
}

const verifyLog = async (url: string, { key: given, state }: Values): Promise<void> => {
  const key = await keyFrom(required(given, '--key'))
  const text = state === undefined ? undefined : await readIfThere(state)
  const kept = text === undefined ? undefined : walkedOf(text, key)
  const walked = await walk(await findLog(url), key, kept)
  if (state !== undefined) await writeDurably(state, keptOf(walked))
  const [from, to] = [kept?.checkpoint.size ?? 0, walked.checkpoint.size]
  say(`日志 ${key.name}：从第 ${from} 条到第 ${to} 条逐条核对无误，历史未被改写。\nThe log ${key.name} holds from ${from} to ${to} entries: hashed leaf by leaf, history was not rewritten.\n`)
}

const alarm = async (contradiction: Contradiction, state: string): Promise<void> => {
  const file = `${state}.contradiction`
  await writeDurably(file, `${contradiction.kept}\n${contradiction.shown}`)
  process.stderr.write(`警报 ALARM: ${refusalOf(contradiction.cause)}两份互相矛盾的已签名检查点存于 The two signed checkpoints that contradict each other are in ${file}\n`)
}

const witness = async (url: string, { key, 'witness-key': witnessKeyFile, state, out, submit = false, every }: Values): Promise<void> => {
  const path = required(state, '--state')
  const seconds = every === undefined ? undefined : Number(every)
  if (seconds !== undefined && !(seconds >= 1)) throw new UsageError('--every must be at least one second')
  const parts = {
    logKey: await keyFrom(required(key, '--key')), witnessKey: witnessKeyOf(await readFile(required(witnessKeyFile, '--witness-key'), 'utf8')),
    memory: memoryIn(path), now: () => new Date()
  }
  for (;;) {
    try {
      const log = await findLog(url)
      const { size, note, isNew } = await witnessOnce({ log, ...parts })
      if (out === undefined && isNew) say(note)
      if (submit) await log.submit(note)
      if (out !== undefined) await writeDurably(out, note)
      if (isNew) process.stderr.write(`已联署 cosigned: ${size}\n`)
    } catch (error) {
      if (error instanceof Contradiction) await alarm(error, path)
      // What cannot be reached now may be later; what contradicts itself stays so.
      if (seconds === undefined || !(error instanceof Refused && error.code === 'unreachable')) throw error
      process.stderr.write(refusalOf(error))
    }
    if (seconds === undefined) return
    await sleep(seconds * 1000)
  }
}

const newKey = async (name: string, { 'witness-key': file }: Values): Promise<void> => {
  const path = required(file, '--witness-key')
  if (await readIfThere(path) !== undefined) throw new UsageError(`${path} exists already`)
  const key = newWitnessKey(name)
  const { verifierKey } = witnessKeyOf(key)
  if (verifierKeyOf(verifierKey).algorithm !== algorithms.cosignature) throw new UsageError('the name must have neither spaces nor +')
  await writeDurably(path, key)
  say(`${verifierKey}\n`)
}

const run = async ([command, ...args]: string[]): Promise<void> => {
  const { values, positionals: [first, second] } = parsed(args)
  if (values.help || first === undefined) throw new UsageError('')
  if (command === 'verify') return first === 'log' && second !== undefined ? verifyLog(second, values) : verifyReceipt(first, values)
  if (command === 'witness') return first === 'new-key' ? newKey(required(second, 'NAME'), values) : witness(first, values)
  throw new UsageError(`no command ${String(command)}`)
}

run(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof Contradiction) process.exitCode = 3
  else if (error instanceof Refused) {
    process.stderr.write(refusalOf(error))
    process.exitCode = 1
  } else {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n${usage}` : `${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
})
