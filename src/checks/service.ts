import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import type { Offices } from '../offices/service.js'
import type { CheckResult, InvariantReport } from './model.js'
import { checkInvariants, holdStill, readCover } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; offices: Offices }>

/** The same checks of several offices as one list. */
const together = (reports: readonly (readonly CheckResult[])[]): CheckResult[] => {
  const [first = []] = reports
  return first.map((check, i) => {
    const violations = reports.flatMap((report) => report[i]?.violations ?? [])
    return { ...check, ok: violations.length === 0, violations }
  })
}

export const createChecks = ({ work, clock, offices }: Dependencies) => {
  const checkOffice = (office: number) => work.read(worker, office, async ({ client }) => {
    await holdStill(client)
    return { checks: await checkInvariants(client), cover: await readCover(client) }
  })

  /** Checks the books of every office, each at one moment, and changes nothing. */
  const report = async (): Promise<InvariantReport> => {
    const at = clock.now()
    const reports = []
    for (const office of await offices.numbers()) reports.push(await checkOffice(office))
    const checks = together(reports.map((one) => one.checks))
    return { at, ok: checks.every(({ ok }) => ok), checks, cover: reports.flatMap(({ cover }) => cover) }
  }

  return { report }
}

export type Checks = ReturnType<typeof createChecks>
