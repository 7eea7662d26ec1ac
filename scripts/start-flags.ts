import { readFileSync } from 'node:fs'

/*
 * What `npm start` gives Node, for whoever starts the service otherwise: what is measured and
 * simulated is what is served. Room for the short-lived objects of a batch, which a collection would
 * otherwise move about; and none of them made among the old ones, where one that is dead keeps all
 * it names alive (docs/benchmarks.md).
 */
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: { start: string } }

export const startFlags: readonly string[] = [...new Set(scripts.start.match(/--\S+/g))]
