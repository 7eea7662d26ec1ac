import { problem } from '../kernel/problem.js'

export const codeInvalid = problem('code_invalid', {
  status: 422,
  title: { zh: '验证码或核销码无效', en: 'Invalid code' },
  detail: () => ({ zh: '验证码不正确、已被使用,或错误次数过多已作废。请核对后重试,或重新获取验证码。', en: 'The code is wrong, was used before, or its challenge ended after too many wrong ones. Check it, or ask for another.' })
})

export const codeExpired = problem('code_expired', {
  status: 422,
  title: { zh: '验证码或核销码已过期', en: 'Code expired' },
  detail: () => ({ zh: '验证码已过期,请重新获取。', en: 'The code is past its time; ask for another.' })
})

export const credentialsInvalid = problem('credentials_invalid', {
  status: 401,
  title: { zh: '密码不正确', en: 'Wrong password' },
  detail: () => ({ zh: '此端登录还需要正确且未过期的密码。请核对后以同一验证码重试;连续 5 次错误将锁定 15 分钟。', en: 'This end needs the right password too, one that has not expired. Check it and try again with the same code; 5 wrong ones in a row lock sign-in for 15 minutes.' })
})

export const signInLocked = problem<{ retryAfterSeconds: number }>('sign_in_locked', {
  status: 429,
  title: { zh: '登录已锁定', en: 'Sign-in locked' },
  detail: ({ retryAfterSeconds }) => ({ zh: `密码错误次数过多,请在 ${retryAfterSeconds} 秒后重新登录。`, en: `Too many wrong passwords; sign in again in ${retryAfterSeconds} s.` })
})

export const chooseMembership = problem<{ memberships: { officeId?: string; merchantId?: string; name: string }[] }>('choose_membership', {
  status: 422,
  title: { zh: '请选择登录身份', en: 'Choose a membership' },
  detail: ({ memberships }) => ({
    zh: `您在此端有多个身份(${memberships.map(({ name }) => name).join('、')}),请以 merchantId 或 officeId 指明其一,同一验证码仍然有效。`,
    en: `You have several memberships at this end (${memberships.map(({ name }) => name).join(', ')}): name one by merchantId or officeId; the same code is still good.`
  })
})

export const smsUnavailable = problem<{ retryAfterSeconds: number }>('sms_unavailable', {
  status: 503,
  title: { zh: '短信服务未开通', en: 'SMS unavailable' },
  detail: () => ({ zh: '本部署尚未配置短信网关,无法发送验证码;请联系运维人员设置 SMS_GATEWAY_URL。', en: 'This deployment has no SMS gateway, so no code can be sent; ask its operator to set SMS_GATEWAY_URL.' })
})

export const stepUpRequired = problem<{ minutes: number }>('step_up_required', {
  status: 403,
  title: { zh: '须重新验证第二因素', en: 'Prove your second factor again' },
  detail: ({ minutes }) => ({
    zh: `此操作涉及资金，须在 ${minutes} 分钟内验证过第二因素：请以 POST /v1/auth/step-up 验证后，以同一 Idempotency-Key 重试。`,
    en: `This concerns money and needs a proof of your second factor not older than ${minutes} minutes: prove it by POST /v1/auth/step-up, then try again with the same Idempotency-Key.`
  })
})

export const guardianRequired = problem('guardian_required', {
  status: 422,
  title: { zh: '须由监护人办理', en: 'A guardian must do this' },
  detail: () => ({
    zh: '不满十四周岁的，由监护人以本人身份登录、购买和签署，并将未成年人列为实际使用人；此处不登记其身份信息。',
    en: 'For a child under 14 a guardian signs in, buys and signs in their own name and names the child as the beneficiary; the child\'s particulars are not kept here.'
  })
})

export const dutiesApart = problem<{ held: string; roles: string[] }>('duties_apart', {
  status: 409,
  title: { zh: '职责须分离', en: 'Duties are kept apart' },
  detail: ({ held, roles }) => ({
    zh: `此人已任 ${held}${roles.length > 0 ? `（${roles.join('、')}）` : ''}：系统、安全、审计管理员须为三人，且不得兼任业务人员。请先结束原职责或者另择他人。`,
    en: `This person is ${held}${roles.length > 0 ? ` (${roles.join(', ')})` : ''}: system, security and audit administrators are three people and hold no other staff duty. End that duty first, or name another person.`
  })
})
