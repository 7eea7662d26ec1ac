import { Refused } from './refused.js'

/* A log at its public address, as anybody may read it: C2SP tlog-tiles, and proofs. */

const timeoutMs = 30_000
const tileWidth = 256
const hashLength = 32

const get = async (url: string): Promise<Buffer> => {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    if (!response.ok) throw new Refused('unreachable', `${response.status} from ${url}`)
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    throw error instanceof Refused ? error : new Refused('unreachable', url)
  }
}

const post = async (url: string, body: object): Promise<void> => {
  const response = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), redirect: 'error', signal: AbortSignal.timeout(timeoutMs)
  }).catch(() => { throw new Refused('unreachable', url) })
  if (!response.ok) throw new Refused('unreachable', `${response.status} from ${url}: ${(await response.text()).slice(0, 500)}`)
}

const json = async (url: string): Promise<{ hashes?: unknown; items?: unknown }> => {
  try {
    return JSON.parse((await get(url)).toString())
  } catch (error) {
    throw error instanceof Refused ? error : new Refused('unreachable', url)
  }
}

/** `x001/x234/067`: groups of three digits. */
const tilePath = (index: number): string => {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
}

const hashesIn = (bytes: Buffer): Buffer[] => Array.from({ length: bytes.length / hashLength }, (_, i) => bytes.subarray(i * hashLength, (i + 1) * hashLength))

export type RemoteLog = Readonly<{
  url: string
  /** The newest checkpoint, unchecked. */
  checkpoint: () => Promise<string>
  /** The hashes of leaves from one index up to, not including, another, unchecked; a tile at a time. */
  leafHashes: (from: number, to: number) => AsyncGenerator<Buffer[]>
  /** The hashes of a consistency proof, unchecked. */
  consistency: (from: number, to: number) => Promise<Buffer[]>
  /** Hands in a checkpoint that a witness cosigned, so that receipts can carry it. */
  submit: (note: string) => Promise<void>
}>

/** The log of which `url` is the prefix: `https://…/v1/evidence/logs/off_…`. */
const logAt = (url: string): RemoteLog => {
  const [, api = '', office = ''] = /^(.+)\/logs\/(off_\w+)$/.exec(url) ?? []

  async function * leafHashes (from: number, to: number): AsyncGenerator<Buffer[]> {
    for (let index = Math.floor(from / tileWidth); index * tileWidth < to; index++) {
      const width = Math.min(tileWidth, to - index * tileWidth)
      const tile = await get(`${url}/tile/0/${tilePath(index)}${width < tileWidth ? `.p/${width}` : ''}`)
      if (tile.length !== width * hashLength) throw new Refused('unreachable', 'a tile is of the wrong length')
      yield hashesIn(tile).slice(Math.max(0, from - index * tileWidth))
    }
  }

  return {
    url,
    checkpoint: async () => (await get(`${url}/checkpoint`)).toString(),
    leafHashes,
    consistency: async (from, to) => {
      const { hashes } = await json(`${api}/proofs/consistency?officeId=${office}&from=${from}&to=${to}`)
      if (!Array.isArray(hashes)) throw new Refused('unreachable', 'no proof')
      return hashes.map((one) => Buffer.from(String(one), 'base64'))
    },
    submit: (note) => post(`${url}/cosignatures`, { note })
  }
}

/**
 * The log at an address: its own, or that of a service which has just one.
 * @throws Refused unreachable, which names the logs where there are several
 */
export const findLog = async (given: string): Promise<RemoteLog> => {
  const url = given.replace(/\/+$/, '')
  if (/\/logs\/off_\w+$/.test(url)) return logAt(url)
  const { items } = await json(`${url}/v1/evidence/logs`)
  const paths: string[] = Array.isArray(items) ? items.map((one: { path?: unknown }) => String(one.path)) : []
  const [only] = paths
  if (only === undefined || paths.length > 1) throw new Refused('unreachable', `choose one: ${paths.map((path) => url + path).join(' ')}`)
  return logAt(url + only)
}
