import type { Anchor } from './anchors.js'

/*
 * An EVM chain as anchor: a transaction of the anchoring account to itself whose input is the
 * checkpoint's signed note, byte by byte, so that whoever reads the chain reads the checkpoint.
 */

export type EvmOptions = Readonly<{
  /** JSON-RPC */
  url: string
  chainId: number
  /** 32 bytes, hex */
  privateKey: `0x${string}`
  /** How many blocks make it final enough. */
  confirmations: number
}>

const timeoutMs = 120_000

/** Throws for a key that is none. The client library is loaded here: it costs nothing where no chain is used. */
export const createEvmAnchor = async ({ url, chainId, privateKey, confirmations }: EvmOptions): Promise<Anchor> => {
  const [{ createPublicClient, createWalletClient, http, toHex }, { privateKeyToAccount }] = await Promise.all([import('viem'), import('viem/accounts')])
  const account = privateKeyToAccount(privateKey)
  const transport = http(url, { timeout: 15_000 })
  const reader = createPublicClient({ transport })
  const wallet = createWalletClient({ account, transport })

  return {
    chain: `eip155:${chainId}`,
    write: async (note) => {
      const found = await reader.getChainId()
      if (found !== chainId) throw new Error(`the node is of chain ${found}, not ${chainId}`)
      const hash = await wallet.sendTransaction({ chain: null, to: account.address, value: 0n, data: toHex(note) })
      const { status } = await reader.waitForTransactionReceipt({ hash, confirmations, timeout: timeoutMs })
      if (status !== 'success') throw new Error(`the transaction ${hash} was not carried out`)
      return hash
    }
  }
}
