import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const rectificationOpen = problem<{ answerBy: Date }>('rectification_open', {
  status: 409,
  title: { zh: '首次轻微问题仍在整改期', en: 'A first minor fault may still be put right' },
  detail: ({ answerBy }) => ({
    zh: `该预警属于首次轻微问题清单，商户可在 ${clockTime(answerBy).zh} 前自行整改；此前不得升级处理。`,
    en: `This is on the list of first minor faults: the merchant may put it right until ${clockTime(answerBy).en}, and before that it is not taken further.`
  })
})

export const noFiguresYet = problem('no_figures_yet', {
  status: 404,
  title: { zh: '尚无指标数据', en: 'No figures yet' },
  detail: () => ({
    zh: '该日尚无指标数据：指标按日计算，当日的数据在次日产生；商户审核通过前没有数据。',
    en: 'There are no figures of that day: they are made once a day, of the day before, and from the merchant\'s acceptance on.'
  })
})
