import { problem } from '../kernel/problem.js'

export const channelUnavailable = problem<{ channel: string; available: string[] }>('channel_unavailable', {
  status: 422,
  title: { zh: '支付渠道不可用', en: 'Channel unavailable' },
  detail: ({ channel, available }) => ({
    zh: `支付渠道 ${channel} 未开通，请改用：${available.join('、') || '（暂无）'}。`,
    en: `The channel ${channel} is not configured here; use one of: ${available.join(', ') || '(none)'}.`
  })
})

export const channelSignatureInvalid = problem('channel_signature_invalid', {
  status: 401,
  title: { zh: '渠道签名无效', en: 'Invalid channel signature' },
  detail: () => ({
    zh: '通知的签名与内容不符，未作任何处理。请以渠道密钥对原始报文重新签名。',
    en: 'The signature does not fit the notification; nothing was done. Sign the exact body with the channel key.'
  })
})
