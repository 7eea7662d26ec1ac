import { z } from 'zod'
import { takeUploads } from '../http/spool.js'
import type { Routes } from '../http/types.js'
import { Page, PageQuery } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { insufficientFunds } from '../ledger/problems.js'
import {
  EntriesQuery, ImportedStatement, NewOwner, ProposeResolution, StatementEntry, StatementFile, StatementId, statementMediaTypes, SuspenseItem, SuspenseItemId, SuspenseQuery
} from './model.js'
import { resolutionDoesNotFit, statementContradicts, statementNotBalanced, statementOfAnotherAccount, statementUnreadable, tooManyUnmatched } from './problems.js'
import type { BankStatements } from './statements.js'
import type { Suspense } from './suspense.js'

const tags = ['bank']
const access = ['notary'] as const
const params = z.object({ id: StatementId })
const itemParams = z.object({ id: SuspenseItemId })
const maxBytes = 1_073_741_824

/** Only this call takes files: the others go on refusing them. */
const importRoute = (statements: BankStatements): Routes => async (app) => {
  takeUploads(app, { mediaTypes: statementMediaTypes, maxBytes })

  app.post('/bank-statements', {
    schema: {
      operationId: 'importBankStatement', summary: 'Import a statement of the special account: camt.053 (XML) or CSV', tags,
      consumes: [...statementMediaTypes], body: StatementFile, response: { 201: ImportedStatement }
    },
    config: { access, idempotent: true, problems: [statementUnreadable, statementOfAnotherAccount, statementNotBalanced, statementContradicts, tooManyUnmatched] }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return statements.importStatement(command, body)
  })
}

export const bankRoutes = (statements: BankStatements, suspense: Suspense): Routes => async (app) => {
  await app.register(importRoute(statements))

  app.get('/bank-statements', {
    schema: { operationId: 'listImportedStatements', summary: 'The statements imported, newest first', tags, querystring: PageQuery, response: { 200: Page(ImportedStatement) } },
    config: { access }
  }, async ({ caller, query }) => statements.list(caller, query))

  app.get('/bank-statements/:id', {
    schema: { operationId: 'getImportedStatement', summary: 'One statement', tags, params, response: { 200: ImportedStatement } },
    config: { access }
  }, async ({ caller, params: { id } }) => statements.find(caller, id))

  app.get('/bank-statements/:id/entries', {
    schema: { operationId: 'listStatementEntries', summary: 'The lines of a statement, and what became of each and why', tags, params, querystring: EntriesQuery, response: { 200: Page(StatementEntry) } },
    config: { access }
  }, async ({ caller, params: { id }, query }) => statements.entriesOf(caller, id, query))

  app.get('/suspense-items', {
    schema: { operationId: 'listSuspenseItems', summary: 'Receipts and debits nobody can explain yet, oldest first', tags, querystring: SuspenseQuery, response: { 200: Page(SuspenseItem) } },
    config: { access }
  }, async ({ caller, query }) => suspense.list(caller, query))

  app.get('/suspense-items/:id', {
    schema: { operationId: 'getSuspenseItem', summary: 'One item with its line', tags, params: itemParams, response: { 200: SuspenseItem } },
    config: { access }
  }, async ({ caller, params: { id } }) => suspense.find(caller, id))

  app.put('/suspense-items/:id/owner', {
    schema: { operationId: 'assignSuspenseItem', summary: 'Say who has to find out', tags, params: itemParams, body: NewOwner, response: { 200: SuspenseItem } },
    config: { access }
  }, async ({ caller, params: { id }, body }) => suspense.assign(caller, id, body))

  app.post('/suspense-items/:id/resolution', {
    schema: { operationId: 'proposeResolution', summary: 'Propose how an item is explained', tags, params: itemParams, body: ProposeResolution, response: { 201: SuspenseItem } },
    config: { access, idempotent: true, problems: [wrongState, resolutionDoesNotFit] }
  }, async ({ command, params: { id }, body }, reply) => {
    reply.code(201)
    return suspense.propose(command, id, body)
  })

  app.post('/suspense-items/:id/resolution/approve', {
    schema: { operationId: 'approveResolution', summary: 'Approve another person\'s explanation: the money leaves suspense', tags, params: itemParams, response: { 200: SuspenseItem } },
    config: { stepUp: true, access, idempotent: true, problems: [wrongState, samePerson, resolutionDoesNotFit, insufficientFunds] }
  }, async ({ command, params: { id } }) => suspense.approve(command, id))

  app.post('/suspense-items/:id/resolution/withdraw', {
    schema: { operationId: 'withdrawResolution', summary: 'Take a proposal back', tags, params: itemParams, response: { 200: SuspenseItem } },
    config: { access, problems: [wrongState] }
  }, async ({ caller, params: { id } }) => suspense.withdraw(caller, id))
}
