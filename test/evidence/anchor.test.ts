import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createPublicClient, hexToString, http } from 'viem'
import { createEvmAnchor } from '../../src/evidence/evm.js'

/* A checkpoint in the transaction of an EVM chain: a node of our own, from npm, without the network. */

t.setTimeout(60_000)

/** The first of the accounts that the node makes and publishes. */
const privateKey = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const port = 20_000 + process.pid % 20_000
const url = `http://127.0.0.1:${port}`

const binary = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'))

t.test('a checkpoint is written into a chain byte by byte, and read back from it', async (t) => {
  const node = spawn(binary.resolve(`@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : 'arm64'}/bin/anvil`), ['--port', String(port), '--chain-id', '31337', '--silent'], { stdio: 'ignore' })
  t.teardown(() => node.kill())
  const reader = createPublicClient({ transport: http(url, { retryCount: 0 }) })
  for (let i = 0; i < 200 && await reader.getChainId().catch(() => undefined) === undefined; i++) await sleep(50)

  const note = 'ticun.example/changning\n7\nlC01AfZ9S5aVeF/CP06AuK2eFLQ90VBo8UVjmxIGdJs=\n\n— ticun.example/changning AAAA\n'
  const anchor = await createEvmAnchor({ url, chainId: 31_337, privateKey, confirmations: 1 })
  t.equal(anchor.chain, 'eip155:31337')
  const reference = await anchor.write(note)
  const { input } = await reader.getTransaction({ hash: reference as `0x${string}` })
  t.equal(hexToString(input), note)
  t.not(await anchor.write(note), reference, 'once more does no harm')
  await t.rejects((await createEvmAnchor({ url, chainId: 1, privateKey, confirmations: 1 })).write(note), /of chain 31337, not 1/)
})
