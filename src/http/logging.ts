const personal = [
  'authorization', 'cookie', 'phone', 'ownerPhone', 'password', 'idNumber', 'legalName', 'accountNumber',
  'accountName', 'refreshToken', 'accessToken', 'shortCode'
]

/** What must never be in a log, at the top of a record or up to two levels down. */
export const redacted = personal.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
