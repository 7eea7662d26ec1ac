import type { Caller } from '../kernel/caller.js'
import { forbidden, samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import { staffRoles, type Duty, type NewStaffMember, type StaffProposal } from './model.js'

/*
 * Three administrators, who check each other (三员分立, classified protection level 3). The system
 * administrator sees to accounts: proposes who shall have one, and ends those that are no longer
 * needed. The security administrator sees to who may: confirms proposals, lifts locks, gives
 * one-time passwords, takes lost second factors away, ends accounts, looks at sign-ins. The audit
 * administrator reads the access log, which nobody can change, and changes nothing. None of them
 * does business: their end has no call that touches a contract or money.
 */

/** @throws forbidden (403) */
export const mustBe = ({ roles }: Pick<Caller, 'roles'>, ...duties: readonly Duty[]): void => {
  if (!duties.some((duty) => roles.includes(duty))) throw forbidden({})
}

const wrong = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })

/** @throws validation_failed (422) where end, office and roles do not go together */
export const checkPlace = ({ end, officeId, roles }: Pick<NewStaffMember, 'end' | 'officeId' | 'roles'>): void => {
  const known = staffRoles[end]
  if (roles.some((role) => !known.includes(role))) throw wrong('roles', `此端的角色为：${known.join('、') || '（无）'}`, `roles of this end: ${known.join(', ') || '(none)'}`)
  if (end === 'notary' && officeId === undefined) throw wrong('officeId', '公证员属于某一公证处', 'a notary belongs to an office')
  if (end === 'administrator' && (officeId !== undefined || roles.length !== 1)) {
    throw wrong(officeId === undefined ? 'roles' : 'officeId', '管理员恰有一项职责，且不属于任何公证处', 'an administrator has exactly one duty and belongs to no office')
  }
}

/** @throws wrong_state (409), same_person (403) */
export const mayDecide = ({ status, proposedBy }: Pick<StaffProposal, 'status' | 'proposedBy'>, personId: Caller['personId']): void => {
  if (status !== 'proposed') throw wrongState({ state: status, allowed: ['proposed'] })
  if (proposedBy === personId) throw samePerson({})
}

/** Nobody does this to their own account. @throws same_person (403) */
export const mustBeAnother = (personId: Caller['personId'], caller: Pick<Caller, 'personId'>): void => {
  if (personId === caller.personId) throw samePerson({})
}
