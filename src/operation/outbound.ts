import type { Anchor } from '../evidence/anchors.js'
import type { Tsa } from '../evidence/timestamps.js'
import { tracedAnew, type Tracing } from '../kernel/tracing.js'
import type { Shelf } from '../storage/storage.js'
import type { Send } from '../webhooks/sender.js'

/*
 * The ports to the outside, each call a span of its own. Whose address it was and what was sent
 * stay out of it. Deliveries of the outbox are traced there, by their topic.
 */

const calling = (tracing: Tracing | undefined, name: string) => <Result>(run: () => Promise<Result>): Promise<Result> =>
  tracedAnew(tracing, name, { kind: 'client' }, run)

export const tracedTsa = (tracing: Tracing | undefined) => (tsa: Tsa): Tsa => {
  const call = calling(tracing, 'time-stamp')
  return { ...tsa, ask: (office, request, at) => call(() => tsa.ask(office, request, at)) }
}

export const tracedAnchor = (tracing: Tracing | undefined, anchor: Anchor): Anchor => {
  const call = calling(tracing, 'anchor')
  return { ...anchor, write: (note) => call(() => anchor.write(note)) }
}

export const tracedShelf = (tracing: Tracing | undefined, { has, keep, open, remove }: Shelf): Shelf => ({
  has,
  keep: (file) => calling(tracing, 'keep a file')(() => keep(file)),
  open: (sha256) => calling(tracing, 'open a file')(() => open(sha256)),
  remove
})

export const tracedSend = (tracing: Tracing | undefined, send: Send): Send => (message) =>
  calling(tracing, 'webhook')(() => send(message))
