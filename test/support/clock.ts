import type { TestApp } from './app.js'
import { expectStatus } from './shop.js'

const dayMs = 86_400_000
const shanghaiMs = 8 * 3_600_000

/** Moves the service's clock forward by so many seconds, with all that falls due on the way. */
export const advance = async ({ nobody }: TestApp, advanceSeconds: number): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds }), 200)
}

/** Moves the clock to an hour of the next day, Asia/Shanghai: what counts by business days comes out the same whenever the test runs. */
export const untilHour = async (app: TestApp, hour: number): Promise<void> => {
  const now = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
  const midnight = Math.floor((now + shanghaiMs) / dayMs + 1) * dayMs - shanghaiMs
  await advance(app, Math.ceil((midnight + hour * 3_600_000 - now) / 1_000))
}
