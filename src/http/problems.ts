import { problem } from '../kernel/problem.js'

/** Refusals of the HTTP layer itself. */

export const malformedRequest = problem('malformed_request', {
  status: 400,
  title: { zh: '请求无法解析', en: 'Malformed request' },
  detail: () => ({ zh: '请求体不是有效的 JSON，或 Content-Type 不受支持；请以 application/json 发送。', en: 'The body is not valid JSON, or its Content-Type is not supported; send application/json.' })
})

export const tooLarge = problem<{ maxBytes: number }>('too_large', {
  status: 413,
  title: { zh: '请求过大', en: 'Too large' },
  detail: ({ maxBytes }) => ({ zh: `请求体超过 ${maxBytes} 字节的上限。`, en: `The body is larger than the limit of ${maxBytes} bytes.` })
})

export const headersTooLarge = problem('headers_too_large', {
  status: 431,
  title: { zh: '请求头过大', en: 'Headers too large' },
  detail: () => ({ zh: '请求行与请求头合计超过上限；请缩短地址或请求头。', en: 'The request line and the headers together are over the limit; send a shorter address or fewer headers.' })
})

export const requestTimeout = problem('request_timeout', {
  status: 408,
  title: { zh: '请求超时', en: 'Request timeout' },
  detail: () => ({ zh: '请求未在规定时间内发送完毕，连接已关闭；请重新发送。', en: 'The request did not come in time, and the connection was closed; send it again.' })
})

export const idempotencyKeyRequired = problem('idempotency_key_required', {
  status: 428,
  title: { zh: '缺少 Idempotency-Key', en: 'Idempotency-Key required' },
  detail: () => ({ zh: '此操作产生义务或移动资金，请在 Idempotency-Key 请求头中附上唯一的键（1 至 255 个可见字符）。', en: 'This call makes an obligation or moves money: send a unique Idempotency-Key header (1 to 255 visible characters).' })
})

export const internalError = problem('internal_error', {
  status: 500,
  title: { zh: '服务内部错误', en: 'Internal error' },
  detail: () => ({ zh: '服务出现内部错误，已记录；请凭 requestId 联系我们。同一 Idempotency-Key 可安全重试。', en: 'Something went wrong on our side and was recorded; quote the requestId to us. Trying again with the same Idempotency-Key is safe.' })
})
