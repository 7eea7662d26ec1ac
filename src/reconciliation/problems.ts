import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const dayNotOver = problem<{ from: Date }>('day_not_over', {
  status: 422,
  title: { zh: '该日尚未结束', en: 'The day is not over' },
  detail: ({ from }) => ({ zh: `该日最早可于 ${clockTime(from).zh} 起关账。`, en: `The day can be closed from ${clockTime(from).en} on.` })
})

export const differenceUnexplained = problem<{ differenceFen: bigint; channels: { channel: string; differenceFen: bigint; unmatched: number }[] }>('difference_unexplained', {
  status: 422,
  title: { zh: '差额未说明', en: 'A difference is not explained' },
  detail: ({ differenceFen, channels }) => ({
    zh: `银行余额与账簿相差 ${differenceFen} 分${channels.map(({ channel, differenceFen: fen, unmatched }) => `,支付渠道 ${channel} 的对账单与账簿相差 ${fen} 分(${unmatched} 笔不符)`).join('')}。请先导入对账单并处理待查款项,或说明原因(reason)后关账。`,
    en: `The bank and the books differ by ${differenceFen} fen${channels.map(({ channel, differenceFen: fen, unmatched }) => `, the report of ${channel} and the books by ${fen} fen (${unmatched} lines)`).join('')}. Import the statement and resolve what is in suspense, or give a reason.`
  })
})
