import t from 'tap'
import { startApp } from '../support/app.js'

t.test('the way in', async (t) => {
  const app = await startApp(t)
  const { nobody } = app

  t.test('an unknown path is a problem, in Chinese unless English is asked for', async (t) => {
    const chinese = await nobody.get('/v1/nothing')
    const english = await nobody.get('/v1/nothing', { headers: { 'accept-language': 'en-GB,en;q=0.9,zh;q=0.1' } })
    t.match(chinese, { status: 404, body: { code: 'not_found', title: '未找到', status: 404 } })
    t.match(english, { status: 404, body: { code: 'not_found', title: 'Not found' } })
    t.match(chinese.headers['content-type'], /^application\/problem\+json/)
    t.equal(chinese.headers['x-request-id'], chinese.body.requestId)
  })

  t.test('data has the security headers that mean something for data, a page all of them', async (t) => {
    const data = await nobody.get('/v1/problems')
    t.match(data.headers, {
      'content-security-policy': "default-src 'none';frame-ancestors 'none'", 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff',
      'strict-transport-security': /^max-age=\d+/, 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin'
    })
    const page = await app.app.inject('/docs')
    t.match(page.headers, { 'content-security-policy': /default-src 'self'/, 'x-content-type-options': 'nosniff', 'cross-origin-opener-policy': 'same-origin' })
  })
})
