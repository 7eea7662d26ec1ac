import { problem, type Text } from '../kernel/problem.js'

export type Obstacle = 'pending' | 'objection' | 'dispute' | 'refund' | 'legal_hold'

const obstacles: Readonly<Record<Obstacle, Text>> = {
  pending: {
    zh: '尚有待释放款项在异议期内。请待异议期满，或在发起转让时以 confirmsReleases 确认此前的释放无异议',
    en: 'Money is pending, within its objection window. Wait until it is over, or say with confirmsReleases that nothing is held against it'
  },
  objection: { zh: '有异议尚未处理。请先撤回异议，或待商户撤销该次核销', en: 'An objection is open. Withdraw it first, or wait until the redemption is voided' },
  dispute: { zh: '有纠纷尚未了结。请待纠纷了结', en: 'A dispute is open. Wait until it is over' },
  refund: { zh: '有退费尚未办结。请待退费办结', en: 'A refund is under way. Wait until it is over' },
  legal_hold: { zh: '法院已冻结合同应退还的款项。请待解除或期满', en: 'A court holds what goes back of it. Wait until the hold is lifted or over' }
}

export const transferBlocked = problem<{ because: Obstacle }>('transfer_blocked', {
  status: 422,
  title: { zh: '合同暂不能转让', en: 'The contract cannot be handed over now' },
  detail: ({ because }) => ({ zh: `${obstacles[because].zh}，再办理转让。`, en: `${obstacles[because].en}.` })
})

export const transferStale = problem('transfer_stale', {
  status: 409,
  title: { zh: '剩余情况已变化', en: 'What is left has moved' },
  detail: () => ({
    zh: '转让文件作成之后，合同有了新的核销或释放。请重新获取签署验证码，核对新的文件后再签署。',
    en: 'Something was redeemed or released since the document was made. Ask for another code, read the new document, and sign that.'
  })
})
