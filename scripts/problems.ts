import { readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ProblemKind } from '../src/kernel/problem.js'

/** Writes docs/problems.md from the declarations; a test holds the two together. */

const root = new URL('../', import.meta.url)

const isKind = (value: unknown): value is ProblemKind =>
  typeof value === 'function' && 'code' in value && 'status' in value && 'title' in value

/** Every problem that a src/<feature>/problems.ts declares. */
export const declaredProblems = async (): Promise<ProblemKind[]> => {
  const files = readdirSync(fileURLToPath(new URL('src/', root)), { recursive: true }).map(String).filter((file) => /(^|[\\/])problems\.ts$/.test(file))
  const modules = await Promise.all(files.map((file) => import(new URL(`src/${file.replaceAll('\\', '/')}`, root).href) as Promise<Record<string, unknown>>))
  return modules.flatMap((module) => Object.values(module).filter(isKind)).sort((a, b) => a.code.localeCompare(b.code))
}

export const renderProblems = (kinds: readonly ProblemKind[]): string => {
  const unique = kinds.filter(({ code }, i) => kinds.findIndex((kind) => kind.code === code) === i)
  return [
    '# Problems',
    '',
    'Every refusal is an RFC 9457 problem: `type, title, status, code, detail, requestId`, `errors: [{path, message}]` where single fields are wrong, and the facts of the case as further members. `detail` says what to do, in Chinese or, with `Accept-Language: en`, in English. This page is made by `npm run docs:problems`.',
    '',
    '| code | status | 标题 | title |',
    '|---|---|---|---|',
    ...unique.map(({ code, status, title }) => `| \`${code}\` | ${status} | ${title.zh} | ${title.en} |`),
    ''
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('docs/problems.md', root), renderProblems(await declaredProblems()))
}
