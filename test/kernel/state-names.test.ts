import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { wrongState } from '../../src/kernel/problems.js'
import { stateInChinese } from '../../src/kernel/state-names.js'

const root = new URL('../../src/', import.meta.url)
const sources = readdirSync(root, { recursive: true }).map(String).filter((file) => file.endsWith('.ts')).map((file) => readFileSync(new URL(file.replaceAll('\\', '/'), root), 'utf8'))
const quoted = (text: string): string[] => [...text.matchAll(/'([^']+)'/g)].map(([, word]) => word as string)

t.test('every state has a name in Chinese', async (t) => {
  const states = sources.flatMap((text) => [...text.matchAll(/export const \w*(?:Status|State|Stage|FreezeReason) = z\.enum\(\[([^\]]*)\]/g)].flatMap(([, words]) => quoted(words as string)))
  t.ok(states.length > 100)
  t.same([...new Set(states)].filter((state) => !/[\u4e00-\u9fff]/.test(stateInChinese(state))), [])
})

t.test('and every circumstance that a refusal names', async (t) => {
  const named = sources.flatMap((text) => [...text.matchAll(/wrongState\(\{(.*)\}\)/g)].flatMap(([, words]) => quoted((words as string).replaceAll(/\w+ === '[^']+'/g, ''))))
  t.ok(named.length > 60)
  t.same([...new Set(named)].filter((word) => !/[\u4e00-\u9fff]/.test(stateInChinese(word))), [])
})

t.test('a sentence names a state both ways', async (t) => {
  const { detail } = wrongState({ state: 'frozen: payment_reversed', allowed: ['active', 'expired'] })
  t.equal(detail.zh, '当前状态为“冻结事由：付款被撤回”（frozen: payment_reversed），此操作只允许在“生效中”（active）、“已到期”（expired）时进行。')
  t.equal(detail.en, 'The state is frozen: payment_reversed; this is allowed only in active, expired.')
  t.equal(stateInChinese('1 of 3 arbitrators'), '仲裁员已指派 1 名、应有 3 名')
  t.equal(stateInChinese('completed: 5 fen held'), '“已履行完毕”且提存余额为 5 分')
  t.equal(stateInChinese('something else'), 'something else')
})
