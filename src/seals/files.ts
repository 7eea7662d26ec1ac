import { readFile } from 'node:fs/promises'
import { ConfigError } from '../config.js'
import type { Signer } from './cades.js'
import { signerIn } from './pkcs12.js'

/**
 * Opens the seals that offices were given, by the office's number.
 * @throws ConfigError that names the file: a service that could not seal what it must does not start
 */
export const openSeals = async ({ files, password }: Readonly<{ files: ReadonlyMap<number, string>; password: string }>): Promise<Map<number, Signer>> => {
  const opened = new Map<number, Signer>()
  for (const [office, path] of files) {
    try {
      opened.set(office, await signerIn(await readFile(path), password))
    } catch (error) {
      throw new ConfigError(`SEAL_FILES: ${path} of office ${office} cannot be opened: ${(error as Error).message}`)
    }
  }
  return opened
}
