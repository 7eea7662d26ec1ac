import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ScanFile } from '../storage/clamav.js'
import { headBytes } from './rules.js'

/** What was seen of a file while it went by. `found`: the malware in it, if any. */
type Seen = Readonly<{ head: Buffer; sha256: string; sizeBytes: number; found: string | undefined }>

/**
 * Looks at a file while it is on its way into the storage, so that its content is nowhere but in
 * what is passed on: its first bytes, its hash, and, if there is a scanner, what that says of it.
 */
export const createIntake = (source: AsyncIterable<Uint8Array>, scan: ScanFile | undefined) => {
  const hash = createHash('sha256')
  // A scanner that has heard enough lets go of it.
  const copy = new PassThrough().on('error', () => undefined)
  const verdict = scan?.(copy)
  // Its word is asked for at the end, and by then it may have failed long ago.
  const settled = verdict?.then(() => undefined, () => undefined)
  let head = Buffer.alloc(0)
  let sizeBytes = 0

  const pass = async function * (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        hash.update(chunk)
        sizeBytes += chunk.length
        if (head.length < headBytes) head = Buffer.concat([head, chunk.subarray(0, headBytes - head.length)])
        if (settled && !copy.destroyed && !copy.write(chunk)) await Promise.race([once(copy, 'drain'), settled])
        yield chunk
      }
      copy.end()
    } finally {
      if (!copy.writableEnded) copy.destroy()
    }
  }

  return {
    content: pass(),
    /** Once all of it has passed. @throws unavailable (503) where the scanner cannot say */
    seen: async (): Promise<Seen> => ({ head, sha256: hash.digest('hex'), sizeBytes, found: await verdict })
  }
}
