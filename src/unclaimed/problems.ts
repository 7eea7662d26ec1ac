import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const notLapsed = problem<{ lapsesAt: Date }>('not_lapsed', {
  status: 422,
  title: { zh: '提存未满五年', en: 'The five years are not over' },
  detail: ({ lapsesAt }) => ({
    zh: `该笔提存至 ${clockTime(lapsesAt).zh} 满五年，此前权利人可随时领取，不能列为无人领取。请继续联系权利人。`,
    en: `The five years of this deposit are over at ${clockTime(lapsesAt).en}; until then it may be claimed at any time. Go on looking for whom it belongs to.`
  })
})
