import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { End } from '../kernel/caller.js'
import { idSchema } from '../kernel/id.js'
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

export const LegalName = z.string().trim().min(1).max(10_000)
export type LegalName = z.infer<typeof LegalName>

export const ChallengePurpose = z.enum(['login', 'sign_contract'])
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
  code: Code,
  end: End,
  password: z.string().min(1).max(10_000).optional().meta({ description: 'Required for notary, operator, bureau, adjudicator' }),
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
  identityVerified: z.boolean()
}).meta({ id: 'Me' })
export type Me = z.output<typeof Me>

export const NewIdentity = z.object({ legalName: LegalName, idNumber: IdNumber })
export type NewIdentity = z.output<typeof NewIdentity>

export const NewPassword = z.object({
  password: z.string().min(1).max(10_000).meta({ description: 'The one in use' }),
  newPassword: z.string().min(12).max(1_000)
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
}>

/** An attempt to sign a document by an SMS code that was asked for this very document. */
export type SigningAttempt = Readonly<{
  challengeId: ChallengeId
  code: string
  personId: PersonId
  contractId: z.infer<typeof ContractId>
  documentSha256: string
}>
