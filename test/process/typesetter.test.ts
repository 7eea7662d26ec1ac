import t from 'tap'
import { typeset } from '../../src/documents/layout.js'
import type { Sheet } from '../../src/documents/model.js'
import type { createTypesetter } from '../../src/documents/typesetter.js'
import { build } from './support.js'

t.before(build)

const sheet: Sheet = { title: '测试', author: '公证处', madeAt: '2026-11-29T00:00:00.000Z', foot: '测试', blocks: [{ kind: 'text', text: '二十次卡' }] }

t.test('the thread of the built service sets the same bytes, and outlives a sheet that cannot be set', async (t) => {
  // A variable, so that the types need nothing built.
  const built = '../../dist/documents/typesetter.js'
  const typesetter = (await import(built) as { createTypesetter: typeof createTypesetter }).createTypesetter((error) => { throw error })
  const [bytes, again] = await Promise.all([typesetter.typeset(sheet), typesetter.typeset(sheet)])
  t.ok(bytes.equals(await typeset(sheet)))
  t.ok(again.equals(bytes))
  await t.rejects(typesetter.typeset({ ...sheet, blocks: [{ kind: 'nothing known' } as never] }))
  t.ok((await typesetter.typeset(sheet)).equals(bytes))
  await typesetter.close()
})
