import { algorithms, verifierKeyOf, type VerifierKey } from '../verify/note.js'
import { Refused } from '../verify/refused.js'

/** The keys of the witnesses that a deployment knows. */
export type WitnessKeys = readonly VerifierKey[]

/** Reads verifier keys separated by commas; undefined where one is not the key of a witness. */
export const witnessKeysOf = (list = ''): WitnessKeys | undefined => {
  try {
    const keys = list.split(',').map((one) => one.trim()).filter(Boolean).map(verifierKeyOf)
    return keys.every(({ algorithm }) => algorithm === algorithms.cosignature) ? keys : undefined
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}
