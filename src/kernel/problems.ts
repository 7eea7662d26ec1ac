import { problem, type Text } from './problem.js'
import { stateInChinese } from './state-names.js'

/** Refusals that every part of the service shares. */

export const notFound = problem('not_found', {
  status: 404,
  title: { zh: '未找到', en: 'Not found' },
  detail: () => ({ zh: '该资源不存在，或者您无权查看。请核对编号与登录身份。', en: 'It does not exist, or is not yours to see. Check the id and the end you signed in at.' })
})

export const forbidden = problem('forbidden', {
  status: 403,
  title: { zh: '无权操作', en: 'Forbidden' },
  detail: () => ({ zh: '当前登录的身份不能执行此操作，请以有权限的身份登录。', en: 'The end or role you signed in with may not do this; sign in with one that may.' })
})

export const unauthenticated = problem('unauthenticated', {
  status: 401,
  title: { zh: '请先登录', en: 'Not signed in' },
  detail: () => ({ zh: '缺少有效的访问令牌，或令牌已过期；请登录或刷新令牌后重试。', en: 'A valid access token is missing or has expired; sign in or refresh it and try again.' })
})

export const rateLimited = problem<{ retryAfterSeconds: number }>('rate_limited', {
  status: 429,
  title: { zh: '请求过于频繁', en: 'Too many requests' },
  detail: ({ retryAfterSeconds }) => ({ zh: `请求过于频繁，请在 ${retryAfterSeconds} 秒后重试。`, en: `Too many requests; try again in ${retryAfterSeconds} s.` })
})

export const wrongState = problem<{ state: string; allowed: string[] }>('wrong_state', {
  status: 409,
  title: { zh: '当前状态不允许此操作', en: 'Not possible in this state' },
  detail: ({ state, allowed }) => ({
    zh: `当前状态为${stateInChinese(state)}，此操作只允许在${allowed.map(stateInChinese).join('、') || '（无）'}时进行。`,
    en: `The state is ${state}; this is allowed only in ${allowed.join(', ') || '(none)'}.`
  })
})

export const samePerson = problem('same_person', {
  status: 403,
  title: { zh: '须由另一人复核', en: 'Another person must do this' },
  detail: () => ({ zh: '经办人不能复核自己的操作，请由另一位公证人员办理。', en: 'The maker may not check their own work; another person of the office must do this.' })
})

export const validationFailed = problem<{ errors: { path: string; message: Text }[] }>('validation_failed', {
  status: 422,
  title: { zh: '内容不符合要求', en: 'Validation failed' },
  detail: ({ errors }) => ({
    zh: `请更正以下内容后重试：${errors.map(({ path }) => path || '（整体）').join('、')}。`,
    en: `Correct these and try again: ${errors.map(({ path }) => path || '(the whole)').join(', ')}.`
  })
})

export const idempotencyKeyReused = problem('idempotency_key_reused', {
  status: 422,
  title: { zh: '幂等键已用于另一请求', en: 'Idempotency key reused' },
  detail: () => ({ zh: '此 Idempotency-Key 已用于内容不同的请求，请为新请求使用新的键。', en: 'This Idempotency-Key was used for another request; use a new key for a new request.' })
})

export const idempotencyInProgress = problem('idempotency_in_progress', {
  status: 409,
  title: { zh: '同一请求正在处理', en: 'The same request is in progress' },
  detail: () => ({ zh: '使用同一 Idempotency-Key 的请求仍在处理，请稍后用同一键重试。', en: 'A request with this Idempotency-Key is still in progress; try again with the same key shortly.' })
})

export const unavailable = problem<{ retryAfterSeconds: number }>('unavailable', {
  status: 503,
  title: { zh: '服务暂不可用', en: 'Unavailable' },
  detail: ({ retryAfterSeconds }) => ({ zh: `服务暂时繁忙，请在 ${retryAfterSeconds} 秒后重试；同一 Idempotency-Key 不会重复生效。`, en: `The service is busy; try again in ${retryAfterSeconds} s. The same Idempotency-Key never takes effect twice.` })
})

export const holidaysUnknown = problem<{ year: string }>('holidays_unknown', {
  status: 503,
  title: { zh: '节假日安排未录入', en: 'Holidays not known' },
  detail: ({ year }) => ({
    zh: `${year} 年的放假调休安排尚未录入，无法计算工作日期限。请联系公证处录入国务院公布的安排后重试。`,
    en: `The public holidays of ${year} have not been entered, so a term in working days cannot be counted. Ask the notary office to enter the State Council's arrangement, then try again.`
  })
})
