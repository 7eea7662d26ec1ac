import canonicalize from 'canonicalize'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { actorOf, anyone, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Venue } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import { Caps, Offer, Product, ProductId, UnfairTerms, type InForce, type ProductQuery, type Step } from './model.js'
import { merchantNotActive, productNotListed } from './problems.js'
import { checkCaps, checkFields, checkLease, checkTerms, isSelling, nextVersion, readsAsOwn, step } from './rules.js'
import { filterVersions, findListed, findProduct, insertProduct, insertVersion, listVersions, lockProduct, updateVersion, type ProductRow, type VersionRow } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  evidence: Evidence
  offices: Offices
  merchants: Merchants
}>

type Merchant = Awaited<ReturnType<Merchants['find']>>

/** What a consumer may buy at this moment. */
export type ForSale = Readonly<{
  merchant: Merchant
  productId: ProductId
  version: number
  offer: Offer
  /** every venue of the merchant; `offer.venueIds` narrows them */
  venues: readonly Venue[]
}>

const facts: Readonly<Record<Step, Fact>> = {
  submit: 'product-submitted', approve: 'product-approved', reject: 'product-rejected', delist: 'product-delisted'
}

const Position = z.object({ id: ProductId, version: z.int() })

/** SHA-256 of the offer as RFC 8785 canonical JSON: what the notary accepted. */
const hashOf = (offer: Offer): string => {
  const text = canonicalize(z.encode(Offer, offer))
  invariant(text, 'an offer that is not JSON')
  return createHash('sha256').update(text).digest('hex')
}

const viewOf = ({ productId, version, merchantId, status, offer, reason, createdAt, listedAt }: VersionRow, merchantName: string): Product =>
  ({ ...offer, id: productId, version, merchantId, merchantName, status, reason, createdAt, listedAt })

export const createProducts = ({ work, clock, evidence, offices, merchants }: Dependencies) => {
  const ruleOf = async <Schema extends z.ZodType>(tx: Tx, name: string, district: string, on: string, schema: Schema): Promise<InForce<z.output<Schema>>> => {
    const rule = await offices.ruleInForce(tx, name, [district], on)
    invariant(rule, `no rule ${name} is in force on ${on}`)
    return { value: z.decode(schema, rule.value as z.input<Schema>), source: rule.source, isOverdue: rule.isOverdue }
  }

  /** The caps on prepayment in a district on a day, with the limit on one consumer's balance with one merchant. */
  const capRules = (tx: Tx, district: string, on: string): Promise<InForce<Caps>> => ruleOf(tx, 'prepaid_caps', district, on, Caps)

  /** Examines an offer by the rules of today. @throws cap_exceeded, venue_required, outlasts_lease, unfair_term, validation_failed (422) */
  const examine = async (tx: Tx, merchant: Merchant, offer: Offer): Promise<void> => {
    const on = dateOf(clock.now())
    checkFields(offer)
    checkCaps(offer, await capRules(tx, merchant.district, on))
    checkLease(offer, await merchants.venuesOf(tx, merchant.id), on)
    checkTerms(offer.terms, await ruleOf(tx, 'unfair_terms', merchant.district, on, UnfairTerms))
  }

  const draft = async (tx: Tx, { id, merchantId }: Pick<ProductRow, 'id' | 'merchantId'>, version: number, offer: Offer): Promise<VersionRow> => {
    const row: VersionRow = {
      officeId: tx.office, productId: id, version, merchantId, status: 'draft', offer, reason: null,
      createdAt: clock.now(), reviewedBy: null, listedAt: null, delistedAt: null
    }
    await insertVersion(tx, row)
    return row
  }

  /** Locks a product and loads its versions, newest first. @throws not_found (404), also for another merchant's */
  const lockVersions = async (tx: Tx, id: ProductId): Promise<{ product: ProductRow; versions: [VersionRow, ...VersionRow[]] }> => {
    const product = await lockProduct(tx, id)
    if (!product) throw notFound({})
    const [newest, ...older] = await listVersions(tx, id)
    invariant(newest, `product ${id} has no version`)
    return { product, versions: [newest, ...older] }
  }

  /**
   * A merchant writes down what it wants to sell.
   * @throws forbidden (403) for a cashier, wrong_state (409) for a merchant that is no more; the refusals of `examine`
   */
  const create = async (command: Command, offer: Offer): Promise<Product> => {
    const { caller } = command
    const { merchantId } = caller
    merchants.checkOwner(caller, merchantId)
    invariant(merchantId, 'an owner has a merchant')
    return work.writeOnce(command, officeOf(merchantId), Product, async (tx) => {
      const merchant = await merchants.find(tx, merchantId)
      merchants.checkAlive(merchant.status)
      await examine(tx, merchant, offer)
      const product: ProductRow = { officeId: tx.office, id: newId('prd', tx.office), merchantId, createdAt: clock.now() }
      await insertProduct(tx, product)
      return viewOf(await draft(tx, product, 1, offer), merchant.name)
    })
  }

  /**
   * The next version of a product, as a draft. The listed one goes on selling; a draft is replaced,
   * which is also how a rejected one is corrected. The same draft again is the one that is there.
   * @throws not_found (404), forbidden (403), wrong_state (409) while one is in review; the refusals of `examine`
   */
  const addVersion = (caller: Caller, id: ProductId, offer: Offer): Promise<Product> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { product, versions } = await lockVersions(tx, id)
      merchants.checkOwner(caller, product.merchantId)
      const merchant = await merchants.find(tx, product.merchantId)
      merchants.checkAlive(merchant.status)
      const { number, replaces } = nextVersion(versions)
      if (replaces && hashOf(replaces.offer) === hashOf(offer)) return viewOf(replaces, merchant.name)
      await examine(tx, merchant, offer)
      if (replaces) await updateVersion(tx, { ...replaces, status: 'delisted', delistedAt: clock.now() })
      return viewOf(await draft(tx, product, number, offer), merchant.name)
    })

  /** Takes the version before off when another is listed: a product sells one at a time. */
  const replaceListed = async (tx: Tx, versions: readonly VersionRow[]): Promise<void> => {
    const listed = versions.find(({ status }) => status === 'listed')
    if (listed) await updateVersion(tx, { ...listed, status: 'delisted', delistedAt: clock.now() })
  }

  /** One step of a version's life. @throws not_found (404), wrong_state (409), merchant_not_active (422); the refusals of `examine` */
  const take = (caller: Caller, id: ProductId, name: Step, reason: string | null): Promise<Product> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { product, versions } = await lockVersions(tx, id)
      if (caller.end === 'merchant') merchants.checkOwner(caller, product.merchantId)
      const { version: before, status } = step(versions, name)
      const merchant = await merchants.find(tx, product.merchantId)
      if (name === 'submit' || name === 'approve') {
        if (!isSelling(merchant.status)) throw merchantNotActive({ merchantStatus: merchant.status })
        await examine(tx, merchant, before.offer)
      }
      if (name === 'approve') await replaceListed(tx, versions)
      const now = clock.now()
      const changed: VersionRow = {
        ...before, status, reason,
        reviewedBy: caller.end === 'notary' ? caller.personId : before.reviewedBy,
        listedAt: status === 'listed' ? now : before.listedAt,
        delistedAt: status === 'delisted' ? now : before.delistedAt
      }
      await updateVersion(tx, changed)
      await evidence.appendFact(tx, {
        fact: facts[name], subject: id, merchantId: product.merchantId, occurredAt: now,
        payload: { version: changed.version, status, offerSha256: hashOf(changed.offer) }
      })
      return viewOf(changed, merchant.name)
    })

  /** What is on sale; or, with a status, the versions in it that the caller may see. @throws office_required (422) */
  const list = async (caller: Caller | undefined, query: ProductQuery): Promise<PageOf<Product>> => {
    const office = await offices.resolve(query.officeId, caller)
    const own = query.status !== undefined && readsAsOwn(caller) ? caller : undefined
    return work.read(own ? actorOf(own) : anyone, office.number, async (tx) => {
      const filter = { ...query, status: query.status ?? 'listed', onSale: own === undefined }
      const rows = await filterVersions(tx, filter, positionOf(query, Position), query.limit + 1)
      const page = pageOf(rows, query, ({ productId, version }) => ({ id: productId, version }))
      const names = await merchants.namesOf(tx, page.items.map(({ merchantId }) => merchantId))
      return { ...page, items: page.items.map((row) => viewOf(row, names.get(row.merchantId) ?? '')) }
    })
  }

  const viewIn = async (tx: Tx, id: ProductId, wanted: number | undefined, newest: boolean): Promise<Product | undefined> => {
    const versions = await listVersions(tx, id)
    const shown = versions.find(({ version, status }) => (wanted === undefined ? newest || status === 'listed' : version === wanted))
    return shown && viewOf(shown, (await merchants.find(tx, shown.merchantId)).name)
  }

  /**
   * A product: the version that is listed; for its merchant and for staff the newest, whatever its
   * state. A version named is shown to all when it was once on offer. @throws not_found (404)
   */
  const view = async (caller: Caller | undefined, id: ProductId, version: number | undefined): Promise<Product> => {
    const own = readsAsOwn(caller)
      ? await work.read(actorOf(caller), officeOf(id), (tx) => viewIn(tx, id, version, true))
      : undefined
    const shown = own ?? await work.read(anyone, officeOf(id), (tx) => viewIn(tx, id, version, false))
    if (!shown) throw notFound({})
    return shown
  }

  /**
   * What may be bought of a product at this moment, read in the buyer's transaction.
   * @throws not_found (404), product_not_listed (422), merchant_not_active (422)
   */
  const offerForSale = async (tx: Tx, id: ProductId): Promise<ForSale> => {
    const product = await findProduct(tx, id)
    if (!product) throw notFound({})
    const listed = await findListed(tx, id)
    if (!listed) throw productNotListed({})
    const merchant = await merchants.find(tx, product.merchantId)
    if (!isSelling(merchant.status)) throw merchantNotActive({ merchantStatus: merchant.status })
    return { merchant, productId: id, version: listed.version, offer: listed.offer, venues: await merchants.venuesOf(tx, merchant.id) }
  }

  return { create, addVersion, take, list, view, offerForSale, checkLease, capRules }
}

export type Products = ReturnType<typeof createProducts>
