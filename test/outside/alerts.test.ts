import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

/** Prometheus's own tool, on our alerting rules. */
const promtool = (...args: string[]) => promisify(execFile)('promtool', args, { cwd: fileURLToPath(new URL('../../ops', import.meta.url)) })

t.test('the alerting rules are sound, and fire when they should and only then', async (t) => {
  t.match((await promtool('check', 'rules', 'alerts.yml')).stdout, /SUCCESS: \d+ rules found/)
  t.match((await promtool('test', 'rules', 'alerts.test.yml')).stdout, /SUCCESS/)
})
