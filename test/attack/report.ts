import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one part of the attack tried, and how often it got what it should not have. */
export type Figure = Readonly<{ what: string; tried: number; escapes: number }>

/** How many times as much as in a usual run is tried where inputs are made at random. */
export const effort = Number(process.env.TICUN_ATTACK_EFFORT ?? 1)

/** The seed of everything that is made at random; another one each run unless it is given. */
export const seed = Number(process.env.TICUN_ATTACK_SEED ?? Date.now() % 2 ** 31)

/** Puts the figures of a part where `npm run test:attack` finds them; other runs need none. */
export const report = (part: string, figures: readonly Figure[]): void => {
  const folder = process.env.TICUN_ATTACK_FIGURES
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${part}.json`), JSON.stringify(figures))
}
