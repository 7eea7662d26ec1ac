import ipaddr from 'ipaddr.js'
import { lookup as resolve } from 'node:dns/promises'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { Text } from '../kernel/problem.js'

/*
 * A webhook lets a stranger have us call an address. It may be none of the inside: not the service
 * itself, not its neighbours, not a cloud's metadata. What a name stands for can change between
 * the moment it is registered and the moment it is called, so it is looked at both times, and the
 * connection goes to the very address that was looked at.
 */

export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  constructor (readonly text: Text) { super(text.en) }
}

export type Resolve = (hostname: string, options: { all: true }) => Promise<LookupAddress[]>

type Options = Readonly<{
  /** For tests and development: http and the loopback addresses are let through. */
  permitsLoopback: boolean
  resolve?: Resolve
}>

const refused = (zh: string, en: string) => new AddressRefused({ zh, en })

const givenOut = ipaddr.IPv6.parseCIDR('2000::/3')

/** A literal address of a URL comes in brackets where it is IPv6. */
const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, '')

export const createAddressGuard = ({ permitsLoopback, resolve: resolveName = resolve }: Options) => {
  /** Only what routers of the Internet pass on; every range that is special is refused, also those that carry another address within. */
  const isOutside = (address: string): boolean => {
    const parsed = ipaddr.process(address)
    const range = parsed.range()
    // Of IPv6 no more than 2000::/3 is given out; what lies below it once carried IPv4 addresses within (RFC 4291 §2.5.5.1).
    const isGiven = parsed instanceof ipaddr.IPv4 || parsed.match(givenOut)
    return (range === 'unicast' && isGiven) || (permitsLoopback && range === 'loopback')
  }

  const check = (addresses: readonly LookupAddress[]): void => {
    if (addresses.length === 0 || !addresses.every(({ address }) => isOutside(address))) {
      throw refused('不能指向内部网络或保留地址', 'must not lead into a private network or to a reserved address')
    }
  }

  const addressesOf = async (hostname: string): Promise<LookupAddress[]> => {
    const host = bare(hostname)
    const family = isIP(host)
    if (family !== 0) return [{ address: host, family }]
    return resolveName(host, { all: true }).catch(() => { throw refused('域名无法解析', 'has a host name that cannot be found') })
  }

  /** Looks at an address before it is taken down. @throws AddressRefused */
  const checkUrl = async (text: string): Promise<URL> => {
    if (!URL.canParse(text)) throw refused('不是有效的网址', 'is not a URL')
    const url = new URL(text)
    if (url.protocol !== 'https:' && !(permitsLoopback && url.protocol === 'http:')) throw refused('须为 https 地址', 'must be https')
    if (url.username !== '' || url.password !== '') throw refused('不能含有用户名或密码', 'must not carry a user name or a password')
    check(await addressesOf(url.hostname))
    return url
  }

  /** For `net.connect`: finds the addresses of a name and refuses those of the inside. */
  const lookup = (hostname: string, options: LookupOptions, done: (error: Error | null, address: string | LookupAddress[], family?: number) => void): void => {
    addressesOf(hostname).then((addresses) => {
      check(addresses)
      const [first] = addresses as [LookupAddress]
      if (options.all) done(null, addresses)
      else done(null, first.address, first.family)
    }).catch((error: Error) => { done(error, '') })
  }

  return { checkUrl, lookup }
}

export type AddressGuard = ReturnType<typeof createAddressGuard>
