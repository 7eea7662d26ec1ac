import { parseArgs, type ParseArgsConfig } from 'node:util'
import { ConfigError } from '../config.js'
import { Refused } from '../verify/refused.js'
import { RecoveryRefused } from './refusal.js'

/* What `npm run backup` and `npm run restore` share: how they are called, and how they end. */

/** A command that cannot be run as it was written. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const say = (line: string): void => { process.stdout.write(`${line}\n`) }

export const optionsFrom = <Options extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: Options, usage: string) => {
  try {
    return parseArgs({ args, options, strict: true }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`)
  }
}

/** Ends with 0 when all is well, 1 when something was refused, 2 when the command was not understood or failed. */
export const runCommand = (run: () => Promise<boolean>): void => {
  run().then((isWell) => { process.exitCode = isWell ? 0 : 1 }, (error: unknown) => {
    const isPlain = error instanceof RecoveryRefused || error instanceof UsageError || error instanceof ConfigError || error instanceof Refused
    process.stderr.write(`${isPlain ? `${error instanceof RecoveryRefused ? 'REFUSED  ' : ''}${error.message}` : (error as Error).stack ?? String(error)}\n`)
    process.exitCode = error instanceof RecoveryRefused ? 1 : 2
  })
}
