import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const refusalTooLate = problem<{ until: Date }>('refusal_too_late', {
  status: 422,
  title: { zh: '已过拒绝受理期限', en: 'Too late to refuse the deposit' },
  detail: ({ until }) => ({
    zh: `公证处须在付款后 3 日内决定是否受理提存，本合同的期限至 ${clockTime(until).zh}。其后请通过退费或纠纷程序处理。`,
    en: `A deposit may be refused within 3 days of the payment, here until ${clockTime(until).en}. After that, use a refund or a dispute.`
  })
})

export const depositInUse = problem<{ heldFen: bigint; paidFen: bigint }>('deposit_in_use', {
  status: 422,
  title: { zh: '提存款已部分给付', en: 'The deposit is in use' },
  detail: ({ heldFen, paidFen }) => ({
    zh: `价款 ${paidFen} 分中仅余 ${heldFen} 分在存，不能拒绝受理并全额退还。请通过退费或纠纷程序处理。`,
    en: `Of the ${paidFen} fen paid only ${heldFen} are still held, so the whole cannot go back. Use a refund or a dispute.`
  })
})
