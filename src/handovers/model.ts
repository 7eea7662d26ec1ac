import { z } from 'zod'
import { ContractId, ContractMoney, Units, Signature } from '../contracts/model.js'
import { Phone } from '../identity/model.js'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'

export const HandoverId = idSchema('hov')
export type HandoverId = z.infer<typeof HandoverId>

/** `lapsed`: not accepted in time. */
export const HandoverStatus = z.enum(['offered', 'accepted', 'declined', 'cancelled', 'lapsed'])
export type HandoverStatus = z.infer<typeof HandoverStatus>

export const NewHandover = z.object({
  phone: Phone.meta({ description: 'Of the consumer who is to take the contract over' }),
  confirmsReleases: z.boolean().default(false).meta({
    description: 'The holder has nothing against what is released until it is accepted: without this, a contract with money pending cannot be handed over'
  })
})
export type NewHandover = z.output<typeof NewHandover>

export const HandoverAcceptance = Signature
export type HandoverAcceptance = z.output<typeof HandoverAcceptance>

/** What of the contract was handed over: its units and its money at that moment. */
export const Standing = z.object({ sessions: Units, money: ContractMoney }).meta({ id: 'HandoverStanding' })
export type Standing = z.output<typeof Standing>
export type StandingWire = z.input<typeof Standing>

/** What is left of a contract, from one consumer to another (法释〔2025〕4号 Art 11). */
export const Handover = z.object({
  id: HandoverId,
  contractId: ContractId,
  merchantId: MerchantId,
  status: HandoverStatus,
  fromId: idSchema('per'),
  toId: idSchema('per'),
  toPhone: z.string().meta({ description: 'Masked', examples: ['138****0001'] }),
  confirmsReleases: z.boolean(),
  documentSha256: z.string().nullable().meta({ description: 'Of the document the new holder signs; it is written when she asks for the code' }),
  standing: Standing.nullable().meta({ description: 'Once accepted: what was handed over' }),
  createdAt: Instant,
  lapsesAt: Instant,
  decidedAt: Instant.nullable()
}).meta({ id: 'Handover' })
export type Handover = z.output<typeof Handover>

export const HandoverFilter = PageQuery.extend({ contractId: ContractId.optional(), status: HandoverStatus.optional() })
export type HandoverFilter = z.output<typeof HandoverFilter>

/** How the new holder signed. */
export type HandoverSignature = Readonly<{ challengeId: string; signedAt: string; address: string; addressSalt: string; phoneMasked: string }>

/** A handover as rules see it. */
export type HandoverRecord = Readonly<Omit<Handover, 'fromId' | 'toId'> & {
  fromId: Id<'per'>
  toId: Id<'per'>
  /** the document as it was last made, and the contract's version it was made on */
  documentSubject: string | null
  documentVersion: number | null
  signature: HandoverSignature | null
}>
