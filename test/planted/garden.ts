import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Bugs that must not go unseen: each is a small patch of the sources, with the check that must trip
 * over it. The sources are copied, the patch is laid on the copy, and that check alone is run there.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const beds = ['src', 'test', 'bench', 'demo', 'simulate', 'scripts', 'migrations', 'assets', 'docs', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'CHANGELOG.md', '.taprc']

export type Bug = Readonly<{
  name: string
  /** what is wrong with it, in a sentence */
  says: string
  /** the number of the invariant it breaks */
  invariant: number
  /** the test file, and in it the names of the test and of its subtests */
  file: string
  names: readonly string[]
  /** `slow` ones are left to the full check */
  cost: 'quick' | 'slow'
  /** it changes what the database is made of */
  needsOwnCluster: boolean
  path: string
}>

const folder = fileURLToPath(new URL('.', import.meta.url))

const bugOf = (file: string): Bug => {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: (.+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`${file} does not say its ${name}`)
    return value
  }
  return {
    name: file.replace(/\.patch$/, ''), says: field('Bug'), invariant: Number(field('Invariant')), file: field('Tripped'), names: field('Named').split(' > '),
    cost: field('Cost') === 'quick' ? 'quick' : 'slow', needsOwnCluster: /^\+\+\+ b\/migrations\//m.test(text), path
  }
}

/** Every planted bug, by name. */
export const bugs = (): Bug[] => readdirSync(folder).filter((file) => file.endsWith('.patch')).sort().map(bugOf)

type Ended = Readonly<{ code: number | null; said: string }>

const run = async (command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  // What the test that runs us was told is not for those we run.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^_?TAP|^NODE_OPTIONS$|^NODE_V8_COVERAGE$/.test(name)))
  const child = spawn(command, args, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += String(text) })
  const [code] = await once(child, 'close') as [number | null]
  return { code, said }
}

const literal = (text: string): string => `/${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}/`

/** Whether a line of TAP says that the test of this name failed, and not because its time was over. */
const failed = (said: string, name: string): boolean =>
  !said.includes('expired: ') && said.split('\n').some((line) => /^ *not ok \d+ - /.test(line) && line.includes(name))

export type Verdict = Readonly<{ bug: Bug; isCaught: boolean; seconds: number; said: string }>

/** A copy of the sources to lay patches on, one after the other. */
export const openGarden = () => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-planted-'))
  chmodSync(directory, 0o755)
  for (const bed of beds) if (existsSync(join(root, bed))) cpSync(join(root, bed), join(directory, bed), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))

  const apply = async (bug: Bug, ...options: string[]): Promise<Ended> => run('git', ['apply', ...options, bug.path], directory, { GIT_DIR: join(directory, 'none') })

  const clusterOf = (name: string) => join(directory, `${name}.json`)

  const tsx = (file: string, env: Readonly<Record<string, string>>): Promise<Ended> => run(process.execPath, ['--import', 'tsx', file], directory, env)

  const must = ({ code, said }: Ended, what: string): void => { if (code !== 0) throw new Error(`${what}: ${said.slice(-2_000)}`) }

  return {
    /** Why a patch does not apply; undefined where it does. */
    refusal: async (bug: Bug): Promise<string | undefined> => {
      const { code, said } = await apply(bug, '--check')
      return code === 0 ? undefined : said
    },
    /** Starts a database server of these sources, with whatever is planted in them. @returns its cluster file */
    startCluster: async (name: string): Promise<string> => {
      must(await tsx('test/support/before.ts', { TICUN_CLUSTER_FILE: clusterOf(name) }), 'the database does not start')
      return clusterOf(name)
    },
    stopCluster: async (cluster: string): Promise<void> => must(await tsx('test/support/after.ts', { TICUN_CLUSTER_FILE: cluster }), 'the database does not stop'),
    plant: async (bug: Bug): Promise<void> => must(await apply(bug), bug.name),
    weed: async (bug: Bug): Promise<void> => must(await apply(bug, '--reverse'), bug.name),
    /** Runs the check that a bug must trip. It is caught when that very test fails, not when nothing runs. */
    check: async (bug: Bug, cluster: string): Promise<Verdict> => {
      const begun = Date.now()
      const { code, said } = await tsx(bug.file, { TICUN_CLUSTER_FILE: cluster, TAP_GREP: bug.names.map(literal).join('\n'), TAP_TIMEOUT: '280', FORCE_COLOR: '0' })
      return { bug, isCaught: code !== 0 && failed(said, bug.names.at(-1) as string), seconds: (Date.now() - begun) / 1_000, said }
    },
    close: (): void => { rmSync(directory, { recursive: true, force: true, maxRetries: 5 }) }
  }
}

export type Garden = ReturnType<typeof openGarden>

/** Plants a bug, runs its check, and takes it out again. */
export const tryBug = async (garden: Garden, bug: Bug, cluster: string): Promise<Verdict> => {
  await garden.plant(bug)
  const own = bug.needsOwnCluster ? await garden.startCluster(bug.name) : undefined
  try {
    return await garden.check(bug, own ?? cluster)
  } finally {
    if (own) await garden.stopCluster(own)
    await garden.weed(bug)
  }
}
