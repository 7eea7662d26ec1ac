import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { ReasonGiven } from '../merchants/model.js'
import { officeRequired } from '../offices/problems.js'
import { Offer, Product, ProductId, ProductQuery, VersionQuery } from './model.js'
import { capExceeded, merchantNotActive, outlastsLease, unfairTerm, venueRequired } from './problems.js'
import type { Products } from './service.js'

const tags = ['products']
const params = z.object({ id: ProductId })
const examined = [wrongState, capExceeded, venueRequired, outlastsLease, unfairTerm]

export const productRoutes = (products: Products): Routes => async (app) => {
  app.post('/products', {
    schema: { operationId: 'createProduct', summary: 'Write down what the merchant wants to sell, as a draft', tags, body: Offer, response: { 201: Product } },
    config: { access: ['merchant'], idempotent: true, problems: examined }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return products.create(command, body)
  })

  app.post('/products/:id/versions', {
    schema: { operationId: 'createProductVersion', summary: 'Draft the next version; it replaces a draft, and the listed one goes on selling', tags, params, body: Offer, response: { 201: Product } },
    config: { access: ['merchant'], problems: examined }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return products.addVersion(caller, params.id, body)
  })

  app.post('/products/:id/submit', {
    schema: { operationId: 'submitProduct', summary: 'Hand the draft to the notary', tags, params, response: { 200: Product } },
    config: { access: ['merchant'], problems: [...examined, merchantNotActive] }
  }, async ({ caller, params }) => products.take(caller, params.id, 'submit', null))

  app.post('/products/:id/approve', {
    schema: { operationId: 'approveProduct', summary: 'List it: the acceptance, in advance, of deposits under it', tags, params, response: { 200: Product } },
    config: { access: ['notary'], problems: [...examined, merchantNotActive] }
  }, async ({ caller, params }) => products.take(caller, params.id, 'approve', null))

  app.post('/products/:id/reject', {
    schema: { operationId: 'rejectProduct', summary: 'Give it back as a draft, with a reason', tags, params, body: ReasonGiven, response: { 200: Product } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params, body }) => products.take(caller, params.id, 'reject', body.reason))

  app.post('/products/:id/delist', {
    schema: { operationId: 'delistProduct', summary: 'Take it off; contracts go on', tags, params, response: { 200: Product } },
    config: { access: ['merchant', 'notary'], problems: [wrongState] }
  }, async ({ caller, params }) => products.take(caller, params.id, 'delist', null))

  app.get('/products', {
    schema: { operationId: 'listProducts', summary: 'What is on sale, newest first', tags, querystring: ProductQuery, response: { 200: Page(Product) } },
    config: { access: 'public', problems: [officeRequired] }
  }, async ({ callerIfAny, query }) => products.list(callerIfAny, query))

  app.get('/products/:id', {
    schema: { operationId: 'getProduct', summary: 'A product, as listed; its merchant and staff see the newest version', tags, params, querystring: VersionQuery, response: { 200: Product } },
    config: { access: 'public' }
  }, async ({ callerIfAny, params, query }) => products.view(callerIfAny, params.id, query.version))
}
