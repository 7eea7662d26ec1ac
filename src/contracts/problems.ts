import { problem } from '../kernel/problem.js'

export const identityRequired = problem('identity_required', {
  status: 422,
  title: { zh: '须先完成实名', en: 'Identity required' },
  detail: () => ({ zh: '订立合同须有真实姓名和公民身份号码，请先以 PUT /v1/me/identity 登记。', en: 'A contract needs your legal name and ID number: enter them by PUT /v1/me/identity first.' })
})
