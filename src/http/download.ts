/** A file as it is handed out. `sha256` in hex. */
type Download = Readonly<{ name: string; contentType: string; size?: number; sha256?: string }>

/** RFC 8187: what may not stand in an extended parameter is percent-encoded. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Headers of a file that somebody else made: it is saved and never shown or run in our name,
 * kept by nobody on the way, and can be checked by its digest (RFC 9530).
 */
export const downloadHeaders = ({ name, contentType, size, sha256 }: Download): Record<string, string> => ({
  'content-type': contentType,
  'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"; filename*=UTF-8''${encoded(name)}`,
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'private, no-store',
  ...(size === undefined ? {} : { 'content-length': String(size) }),
  ...(sha256 === undefined ? {} : { 'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` })
})
