import t from 'tap'
import { startApp } from '../support/app.js'

t.test('the way in', async (t) => {
  const { nobody } = await startApp(t)

  t.test('an unknown path is a problem, in Chinese unless English is asked for', async (t) => {
    const chinese = await nobody.get('/v1/nothing')
    const english = await nobody.get('/v1/nothing', { headers: { 'accept-language': 'en-GB,en;q=0.9,zh;q=0.1' } })
    t.match(chinese, { status: 404, body: { code: 'not_found', title: '未找到', status: 404 } })
    t.match(english, { status: 404, body: { code: 'not_found', title: 'Not found' } })
    t.match(chinese.headers['content-type'], /^application\/problem\+json/)
    t.equal(chinese.headers['x-request-id'], chinese.body.requestId)
  })
})
