/** One text message. `key` makes a repeat harmless; `code` is the code within the text, where there is one. */
export type Sms = Readonly<{ key: string; phone: string; text: string; code?: string | undefined }>

/** Hands a message to a gateway. Throwing means: try again later. */
export type SendSms = (sms: Sms) => Promise<void>

/** The outbox topic of messages, and what an intent of it carries. A message is not sent once it is past `uselessAfter` (RFC 3339). */
export const smsTopic = 'sms'
export type SmsPayload = Readonly<{ phone: string; text: string; code?: string; uselessAfter?: string }>
