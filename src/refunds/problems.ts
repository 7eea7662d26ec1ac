import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const coolingOffOver = problem<{ until: Date | null }>('cooling_off_over', {
  status: 422,
  title: { zh: '冷静期已过', en: 'The cooling-off time is over' },
  detail: ({ until }) => ({
    zh: `本合同的冷静期${until ? `至 ${clockTime(until).zh} 止` : '尚未开始'}。请以其他事由申请退费,如 consumer_choice。`,
    en: `The contract's cooling-off time ${until ? `ended at ${clockTime(until).en}` : 'has not begun'}. Ask for the refund for another reason, such as consumer_choice.`
  })
})

export const quoteStale = problem<{ because: 'expired' | 'facts_moved' }>('quote_stale', {
  status: 409,
  title: { zh: '报价已失效', en: 'The quote is stale' },
  detail: ({ because }) => ({
    zh: `${because === 'expired' ? '报价已过有效期' : '报价之后合同有了新的核销、撤销、冻结或退款'}。请重新报价,核对金额后再申请。`,
    en: `${because === 'expired' ? 'The quote is past its time' : 'Something was redeemed, voided, frozen or refunded since'}. Quote again, look at the sum, and ask again.`
  })
})

export const nothingHeld = problem('nothing_held', {
  status: 422,
  title: { zh: '合同无可退款项', en: 'Nothing is held' },
  detail: () => ({
    zh: '本合同已无在存款项。规则所给而提存款不足的部分,请通过纠纷程序向商户主张。',
    en: 'Nothing is held of this contract any more. What a rule gives beyond the deposit is a claim on the merchant: open a dispute.'
  })
})

export const accountRequired = problem('account_required', {
  status: 422,
  title: { zh: '须先提供收款账户', en: 'An account is required' },
  detail: () => ({
    zh: '原路退款不可用,须由消费者先以 PUT /v1/refunds/:id/account 提供本人收款账户。',
    en: 'The money cannot go back on its order; the consumer must first give an account by PUT /v1/refunds/:id/account.'
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
