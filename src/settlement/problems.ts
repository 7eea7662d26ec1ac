import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const nothingPayable = problem<{ cutoff: Date }>('nothing_payable', {
  status: 422,
  title: { zh: '没有可结算的款项', en: 'Nothing is payable' },
  detail: ({ cutoff }) => ({
    zh: `截至 ${clockTime(cutoff).zh},所选商户没有已到期、未列入其他结算单且未被法院冻结的款项。请待异议期届满,或先取消占用这些款项的结算草稿。`,
    en: `By ${clockTime(cutoff).en} nothing was due to these merchants that is not in another settlement or held by a court. Wait for objection windows to end, or cancel the draft that has reserved it.`
  })
})

export const amountsMoved = problem<{ merchants: { merchantId: string; grossFen: bigint; payableFen: bigint }[] }>('amounts_moved', {
  status: 409,
  title: { zh: '应付金额已变动', en: 'The amounts have moved' },
  detail: ({ merchants }) => ({
    zh: `${merchants.length} 个商户的应付余额已低于结算金额(其间有更正或追偿)。请取消本结算单并重新起草。`,
    en: `What is owed to ${merchants.length} merchant(s) has fallen below the settlement's amount: a correction or a claim came between. Cancel this settlement and draft a new one.`
  })
})

export const bankUnavailable = problem('bank_unavailable', {
  status: 422,
  title: { zh: '未接入银行', en: 'No bank is connected' },
  detail: () => ({
    zh: '本部署尚未接入存管银行,不能划付;未作任何变动。请先完成银行接口配置。',
    en: 'No bank is configured in this deployment, so nothing can be paid out, and nothing was changed. Configure the bank first.'
  })
})
