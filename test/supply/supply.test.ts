import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
// @ts-expect-error: a script, without types
import { isAllowed, supply } from '../../scripts/supply.js'

t.setTimeout(120_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')

type Locked = Readonly<{ name?: string; version: string; integrity?: string; inBundle?: boolean; dev?: boolean; hasInstallScript?: boolean }>

/** Runs one of our scripts. */
const script = (name: string, ...args: string[]): Promise<{ code: number; said: string }> => new Promise((resolve) => {
  execFile(process.execPath, [join(root, 'scripts', name), ...args], { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr })
  })
})

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

t.test('packages', async (t) => {
  const { packages } = JSON.parse(await read('package-lock.json')) as { packages: Record<string, Locked> }
  const installed = Object.entries(packages).filter(([path]) => path !== '')
  const manifest = JSON.parse(await read('package.json'))

  t.same(installed.filter(([, { integrity, inBundle }]) => !integrity?.startsWith('sha512-') && inBundle !== true).map(([path]) => path), [], 'each is pinned by its hash')
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies } as Record<string, string>
  t.same(Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)), [], 'each version is an exact one')
  t.same([...new Set(installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path)))].sort(), Object.keys(supply.installScripts).sort(), 'install scripts are those that are named and not needed')

  await t.test('the bill of materials has what production runs, with licences that are allowed', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'ticun-sbom-'))
    t.teardown(() => rm(folder, { recursive: true }))
    const { code, said } = await script('sbom.js', join(folder, 'sbom.json'))
    t.equal(code, 0, said)
    const Licence = z.union([z.object({ license: z.object({ id: z.string() }) }), z.object({ expression: z.string() })])
    const Component = z.object({
      'bom-ref': z.string(), type: z.literal('library'), name: z.string(), version: z.string(), purl: z.string().regex(/^pkg:npm\//),
      licenses: z.array(Licence).min(1), hashes: z.array(z.object({ alg: z.string(), content: z.string().regex(/^[0-9a-f]{128}$/) })).min(1)
    })
    const bill = z.object({
      $schema: z.string(), bomFormat: z.literal('CycloneDX'), specVersion: z.enum(['1.5', '1.6']), serialNumber: z.string().regex(/^urn:uuid:[0-9a-f-]{36}$/), version: z.literal(1),
      metadata: z.object({ timestamp: z.iso.datetime(), component: z.object({ type: z.literal('application'), name: z.literal('ticun'), version: z.literal(manifest.version) }) }),
      components: z.array(Component), dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) }))
    }).parse(JSON.parse(await readFile(join(folder, 'sbom.json'), 'utf8')))

    const production = installed.filter(([, { dev }]) => dev !== true).map(([path, { version }]) => `${nameOf(path)}@${version}`)
    t.same([...new Set(bill.components.map(({ name, version }) => `${name}@${version}`))].sort(), [...new Set(production)].sort(), 'every package, and no other')
    const refs = new Set([...bill.components.map((component) => component['bom-ref']), bill.dependencies[0]?.ref])
    t.same(bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref)), [], 'what depends on what is among them')
    const forbidden = bill.components.flatMap(({ name, licenses }) => licenses.map((one) => ('license' in one ? one.license.id : one.expression))
      .filter((licence) => !isAllowed(licence, supply.licences.allowed)).map((licence) => `${name}: ${licence}`))
    t.same(forbidden, [])
    t.same(Object.keys(supply.licences.declaredElsewhere).filter((name) => !bill.components.some((component) => component.name === name)), [], 'nothing is explained that is not there')
  })

  t.same(
    ['MIT', 'GPL-3.0-only', 'AGPL-3.0-or-later', '(MIT OR GPL-3.0-or-later)', 'MIT AND GPL-2.0-only', '(MIT AND Zlib)', '', 'GPL-2.0-only OR (MIT AND ISC)', 'UNLICENSED'].map((expression) => isAllowed(expression, supply.licences.allowed)),
    [true, false, false, true, false, true, false, true, false]
  )
})

t.test('known vulnerabilities', async (t) => {
  let advisories: Record<string, object[]> | undefined
  const asked: string[] = []
  // As much of a registry as npm's audit asks.
  const registry = createServer(async (request, response) => {
    const answer = (status: number, body: object): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)) }
    if (request.method === 'POST' && request.url?.endsWith('/advisories/bulk') && advisories) {
      const sent = request.headers['content-encoding'] === 'gzip' ? JSON.parse(gunzipSync(Buffer.concat(await request.toArray())).toString()) : await json(request)
      asked.push(...Object.keys(sent as object))
      answer(200, advisories)
    } else answer(request.method === 'POST' ? 405 : 404, { error: 'no' })
  })
  await new Promise<void>((resolve) => { registry.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { registry.close(); registry.closeAllConnections() })
  const audit = () => script('audit.js', `--registry=http://127.0.0.1:${(registry.address() as AddressInfo).port}/`, '--fetch-retries=0')
  // npm remembers an advisory by its number.
  const advisory = (severity: string) => ({ fastify: [{ id: Math.floor(Math.random() * 2 ** 40), url: `https://github.com/advisories/GHSA-test-${severity}`, title: 'A hole', severity, vulnerable_versions: '<=99.0.0', cwe: [], cvss: { score: 0 } }] })

  t.match(await audit(), { code: 2, said: /does not tell/ }, 'a registry that does not answer is not one that knows of none')
  advisories = advisory('high')
  t.match(await audit(), { code: 1, said: /high +fastify +A hole/ })
  t.ok(asked.includes('fastify') && !asked.includes('eslint'), 'production packages are asked about, and no others')
  advisories = advisory('moderate')
  t.match(await audit(), { code: 0, said: /moderate +fastify +A hole/ }, 'a lesser one is told and lets through')
})

t.test('the container runs as nobody in particular, and writes to one place', async (t) => {
  const stages = (await read('Dockerfile')).split(/^FROM /m).slice(1).map((stage) => stage.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')))
  const [build, recovery, final] = stages as [string[], string[], string[]]
  t.equal(stages.length, 3)
  t.ok(stages.every(([image = '']) => /^[\w./-]+:[\w.-]+(@sha256:[0-9a-f]{64})?( AS \w+)?$/.test(image) && !/:latest\b/.test(image)), 'base images are named by more than latest')
  t.ok(build.some((line) => /npm ci --ignore-scripts/.test(line)), 'no install script runs')
  const users = final.filter((line) => line.startsWith('USER '))
  t.same(users, ['USER node'])
  t.same(recovery.filter((line) => line.startsWith('USER ')), ['USER 1000:1000'], 'and who restores is nobody in particular either')
  t.ok(final.findIndex((line) => line.startsWith('USER ')) < final.findIndex((line) => line.startsWith('CMD ')))
  t.notOk(final.some((line) => /^(RUN|ENV).*(apt|curl|wget|SECRET|PASSWORD)/i.test(line)), 'nothing is fetched into it, and no secret is in it')
  const dataDirectory = /^ENV TICUN_DATA_DIR=(\S+)$/.exec(final.find((line) => line.startsWith('ENV TICUN_DATA_DIR=')) ?? '')?.[1]

  const { services: { ticun, postgres } } = parse(await read('docker-compose.yml'))
  t.match(ticun, { user: 'node', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], tmpfs: ['/tmp'] })
  t.same(ticun.volumes, [`files:${dataDirectory}`], 'the volume is where it writes')
  t.notOk(ticun.privileged || ticun.cap_add || ticun.network_mode || ticun.pid)
  t.match(ticun.ports, [/127\.0\.0\.1/])
  t.equal(postgres.ports, undefined, 'the database is not published')
  t.same(Object.entries({ ...ticun.environment, ...postgres.environment } as Record<string, string>).filter(([name, value]) => /SECRET|KEY|PASSWORD|TOKEN/.test(name) && !/^\$\{\w+(:[?-][^}]*)?\}$/.test(value)), [], 'secrets come from outside')
})
