import { z } from 'zod'
import { addMonths, Instant, type BusinessDate } from '../kernel/calendar.js'
import { End } from '../kernel/caller.js'
import { idSchema } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'
import { OfficeId } from '../offices/model.js'

export const PersonId = idSchema('per')
export type PersonId = z.infer<typeof PersonId>
export const ChallengeId = idSchema('chl')
export type ChallengeId = z.infer<typeof ChallengeId>
export const SessionId = idSchema('ses')
export type SessionId = z.infer<typeof SessionId>
const ContractId = idSchema('ctr')
const MerchantId = idSchema('mer')

/** A mobile number of mainland China, without the country code. */
export const Phone = z.string()
  .refine((text) => /^1[3-9]\d{9}$/.test(text), { params: { zh: '须为 11 位中国大陆手机号码', en: 'must be a mobile number of mainland China, 11 digits' } })
  .meta({ pattern: '^1[3-9]\\d{9}$', examples: ['13700000001'] })
export type Phone = z.infer<typeof Phone>

const checkWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const checkCharacters = '10X98765432'

/** The check character of the first 17 digits of an ID number (GB 11643, ISO 7064 MOD 11-2). */
export const checkCharacterOf = (digits: string): string =>
  checkCharacters[checkWeights.reduce((total, weight, i) => total + weight * Number(digits[i]), 0) % 11] as string

/** The birth date within an ID number, `YYYY-MM-DD`. */
export const birthDateOf = (idNumber: string): string => `${idNumber.slice(6, 10)}-${idNumber.slice(10, 12)}-${idNumber.slice(12, 14)}`

const isIdNumber = (text: string): boolean =>
  /^[1-9]\d{16}[\dX]$/.test(text) &&
  birthDateOf(text) >= '1900-01-01' && z.iso.date().safeParse(birthDateOf(text)).success &&
  checkCharacterOf(text) === text[17]

/** A resident's ID number, GB 11643: 17 digits with a date that exists, and the right check character. */
export const IdNumber = z.string().trim().toUpperCase()
  .refine(isIdNumber, { params: { zh: '不是有效的 18 位居民身份证号码(出生日期或校验码不符)', en: 'is not a valid resident ID number of 18 characters (birth date or check character)' } })
  .meta({ pattern: '^[1-9]\\d{16}[\\dXx]$' })
export type IdNumber = z.infer<typeof IdNumber>

/** Whether a person has not had the fourteenth birthday on a date: whose data needs a guardian's consent (Personal Information Protection Law Art 31). */
export const isUnder14 = (idNumber: IdNumber, on: BusinessDate): boolean => addMonths(birthDateOf(idNumber), 14 * 12) > on

export const LegalName = z.string().trim().min(1).max(10_000)
export type LegalName = z.infer<typeof LegalName>

export const ChallengePurpose = z.enum(['login', 'sign_contract', 'step_up'])
export type ChallengePurpose = z.infer<typeof ChallengePurpose>

export const NewChallenge = z.object({
  phone: Phone,
  purpose: ChallengePurpose,
  contractId: ContractId.optional().meta({ description: 'With purpose sign_contract: the contract to sign' })
}).refine(({ purpose, contractId }) => purpose !== 'sign_contract' || contractId !== undefined, {
  path: ['contractId'], params: { zh: '签署合同时必填', en: 'is required to sign a contract' }
})
export type NewChallenge = z.output<typeof NewChallenge>

export const Challenge = z.object({ challengeId: ChallengeId, expiresAt: Instant }).meta({ id: 'Challenge' })
export type Challenge = z.output<typeof Challenge>

/** Six digits; any other text is a wrong code, not a malformed request. */
const Code = z.string().trim().min(1).max(100)

export const SignIn = z.object({
  challengeId: ChallengeId,
  code: Code.meta({ description: 'Of the SMS; of the authenticator application, or a recovery code, where the person enrolled one for the staff\'s ends' }),
  end: End,
  password: z.string().min(1).max(10_000).optional().meta({ description: 'Required for notary, operator, bureau, adjudicator, administrator' }),
  merchantId: MerchantId.optional().meta({ description: 'Which merchant, where the person works for several' }),
  officeId: OfficeId.optional().meta({ description: 'Which office, where the person belongs to several' })
})
export type SignIn = z.output<typeof SignIn>

export const User = z.object({
  id: PersonId,
  end: End,
  roles: z.array(z.string()),
  officeId: OfficeId.optional(),
  merchantId: MerchantId.optional()
}).meta({ id: 'User' })
export type User = z.output<typeof User>

/** How long an access token is good. */
export const accessTokenSeconds = 900

/** A pair of tokens; `expiresIn` seconds for the access token. */
export const TokenPair = z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.int() })

export const SignedIn = TokenPair.extend({ user: User }).meta({ id: 'SignedIn' })

export const Refresh = z.object({ refreshToken: z.string().min(1).max(1_000) })
export type Refresh = z.output<typeof Refresh>

export const Me = User.extend({
  phone: z.string().meta({ description: 'Masked', examples: ['138****0001'] }),
  legalName: z.string().nullable().meta({ description: 'Masked', examples: ['张*'] }),
  idNumber: z.string().nullable().meta({ description: 'Masked', examples: ['310***********1234'] }),
  identityVerified: z.boolean(),
  passwordExpiresAt: Instant.nullable().meta({ description: 'By then the password is to be changed; afterwards it lets nobody in' })
}).meta({ id: 'Me' })
export type Me = z.output<typeof Me>

export const NewIdentity = z.object({ legalName: LegalName, idNumber: IdNumber })
export type NewIdentity = z.output<typeof NewIdentity>

export const NewPassword = z.object({
  password: z.string().min(1).max(10_000).meta({ description: 'The one in use' }),
  newPassword: z.string().min(12).max(1_000).meta({ description: 'Not one that is easily guessed; of several kinds of characters unless it is long (dated rule `password_policy`)' })
})
export type NewPassword = z.output<typeof NewPassword>

/** A person's place at one end: where, as what. `placeName` is what the person is shown to choose by. */
export type NewMember = Readonly<{
  phone: Phone
  name?: string | undefined
  end: End
  /** the office's number; undefined for those who belong to no single one */
  office?: number | undefined
  merchantId?: z.infer<typeof MerchantId> | undefined
  roles: readonly string[]
  placeName?: string | undefined
}>

/** Which membership is meant. */
export type Place = Readonly<Pick<NewMember, 'end' | 'office' | 'merchantId'>>

/** A person's own particulars, opened: for documents and messages, never for logs or evidence. */
export type Particulars = Readonly<{
  phone: Phone
  legalName: string | undefined
  idNumber: IdNumber | undefined
  /** blind index of the ID number: what caps are counted by */
  idNumberIndex: Buffer | undefined
  /** the same by every key of the ring, and of numbers that were corrected: what is looked up by */
  idNumberIndexes: readonly Buffer[]
}>

/** An attempt to sign a document by an SMS code that was asked for this very document. */
export type SigningAttempt = Readonly<{
  challengeId: ChallengeId
  code: string
  personId: PersonId
  contractId: z.infer<typeof ContractId>
  documentSha256: string
}>

/** Six digits of an authenticator application, or a recovery code. */
const FactorCode = z.string().trim().min(1).max(100)

export const EnrolSecondFactor = z.object({
  password: z.string().min(1).max(10_000),
  code: FactorCode.optional().meta({ description: 'Of the second factor that is to be replaced, where there is one' })
})
export type EnrolSecondFactor = z.output<typeof EnrolSecondFactor>

/** What an authenticator application is told; shown once. */
export const Enrolment = z.object({
  secret: z.string().meta({ description: 'Base32; SHA-1, 6 digits, 30 s (RFC 6238)' }),
  uri: z.string().meta({ description: 'otpauth:// URI, for a QR code' })
}).meta({ id: 'SecondFactorEnrolment' })
export type Enrolment = z.output<typeof Enrolment>

export const FactorProof = z.object({ code: FactorCode })
export type FactorProof = z.output<typeof FactorProof>

/** Shown once; each is good once, in place of a code. */
export const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) }).meta({ id: 'RecoveryCodes' })
export type RecoveryCodes = z.output<typeof RecoveryCodes>

export const SecondFactor = z.object({
  totp: z.enum(['none', 'pending', 'active']),
  since: Instant.nullable(),
  recoveryCodesLeft: z.int()
}).meta({ id: 'SecondFactor' })
export type SecondFactor = z.output<typeof SecondFactor>

export const StepUp = z.object({
  code: FactorCode,
  challengeId: ChallengeId.optional().meta({ description: 'A `step_up` challenge: needed where no authenticator application is enrolled' })
})
export type StepUp = z.output<typeof StepUp>

export const SteppedUp = z.object({ freshUntil: Instant }).meta({ id: 'SteppedUp' })
export type SteppedUp = z.output<typeof SteppedUp>

export const SignInId = idSchema('sgn')
export type SignInId = z.infer<typeof SignInId>
export const Oddity = z.enum(['new_device', 'new_address', 'unusual_hour'])
export type Oddity = z.infer<typeof Oddity>
export const SignInOutcome = z.enum(['signed_in', 'wrong_password', 'wrong_second_factor', 'locked'])
export type SignInOutcome = z.infer<typeof SignInOutcome>

/** A sign-in, or an attempt whose code was right. */
export const SignInRecord = z.object({
  id: SignInId,
  personId: PersonId,
  end: End,
  outcome: SignInOutcome,
  unusual: z.array(Oddity).meta({ description: 'How it differs from the person\'s sign-ins of the last 90 days' }),
  address: z.string(),
  device: z.string(),
  at: Instant
}).meta({ id: 'SignInRecord' })
export type SignInRecord = z.output<typeof SignInRecord>

export const SignInFilter = PageQuery.extend({
  personId: PersonId.optional(),
  unusual: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional().meta({ type: 'boolean', description: 'Only those that are unusual, or failed' })
})
export type SignInFilter = z.output<typeof SignInFilter>
