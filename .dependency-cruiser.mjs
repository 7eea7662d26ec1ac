const layer = (name, comment, from, mayReach) => ({
  name, comment, severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: mayReach }
})

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'Dependencies point one way. Move the shared part down a layer.', from: {}, to: { circular: true } },
    { name: 'no-folder-cycles', severity: 'error', comment: 'Two features that need each other are one feature, or miss a third.', scope: 'folder', from: {}, to: { circular: true } },

    layer('kernel-is-the-floor', 'The kernel knows nothing of the product.', '^src/kernel/', ['^src/kernel/']),
    layer('db-knows-no-domain', 'db/ offers transactions and columns, never a table of its own.', '^src/db/', ['^src/(db|kernel)/']),
    layer('books-know-no-feature', 'The ledger, evidence, audit, outbox and timetable serve every feature and name none.', '^src/(ledger|evidence|audit|outbox|timetable)/', ['^src/(kernel|db|http|verify)/', '^src/(ledger|evidence|audit|outbox|timetable)/']),
    layer('verifier-stands-alone', 'What outsiders run imports nothing of the service, so that they can read all of it.', '^src/verify/', ['^src/verify/']),
    layer('witness-knows-only-the-verifier', 'A witness runs elsewhere and trusts nothing of the service.', '^src/witness/', ['^src/(witness|verify)/']),
    layer('http-knows-no-feature', 'Plugins are generic; app.ts hands them what they need.', '^src/http/', ['^src/(http|kernel)/']),

    layer('rules-are-pure', 'Rules see models, problems and the kernel: no database, no services, no HTTP.', '/(rules|postings)\\.ts$', ['^src/kernel/', '/(model|problems|rules)\\.ts$']),
    { name: 'rules-import-no-package', severity: 'error', comment: 'A rule needs no library.', from: { path: '/(rules|postings|problems)\\.ts$' }, to: { dependencyTypes: ['npm', 'core'] } },
    { name: 'models-import-only-zod', severity: 'error', comment: 'A model is zod and types.', from: { path: '/model\\.ts$' }, to: { dependencyTypes: ['npm', 'core'], pathNot: 'node_modules/zod/' } },
    layer('models-know-only-models', 'A model refers to models and the kernel.', '/model\\.ts$', ['^src/kernel/', '/model\\.ts$']),
    { name: 'tables-are-private', severity: 'error', comment: 'Only a feature itself touches its table; a foreign key is the one exception.', from: { path: '^src/([^/]+)/', pathNot: '/table\\.ts$' }, to: { path: '^src/[^/]+/table\\.ts$', pathNot: '^src/$1/' } },
    { name: 'features-meet-at-their-faces', severity: 'error', comment: 'From another feature import its service, model or problems, nothing else; a pure rule may build on a pure rule.', from: { path: '^src/([^/]+)/', pathNot: '/rules\\.ts$' }, to: { path: '^src/[^/]+/(store|rules|postings|routes)\\.ts$', pathNot: '^src/$1/' } },
    { name: 'routes-hold-no-logic', severity: 'error', comment: 'A route talks to its service. It never sees a table, a store or the database.', from: { path: '/routes\\.ts$' }, to: { path: ['/(table|store|rules|postings)\\.ts$', '^src/db/'] } },
    { name: 'services-know-no-http', severity: 'error', comment: 'The same service must be callable from a job or a script.', from: { path: '^src/', pathNot: ['/routes\\.ts$', '^src/http/', '^src/(app|main)\\.ts$'] }, to: { path: ['^src/http/', 'node_modules/(fastify|@fastify)'] } },
    { name: 'drizzle-stays-in-tables-and-stores', severity: 'error', comment: 'SQL is written in store.ts and declared in table.ts.', from: { path: '^src/', pathNot: ['/(table|store)\\.ts$', '^src/db/', '^src/sandbox/clock\\.ts$'] }, to: { path: 'node_modules/(drizzle-orm|pg)/' } },
    { name: 'app-is-the-top', severity: 'error', comment: 'Nothing imports the composition root but main.ts and tests.', from: { path: '^src/', pathNot: '^src/main\\.ts$' }, to: { path: '^src/app\\.ts$' } },
    { name: 'no-orphans', severity: 'error', comment: 'Dead file.', from: { orphan: true, pathNot: '\\.d\\.ts$' }, to: {} },
    { name: 'src-knows-no-test', severity: 'error', comment: 'Production code never imports test support.', from: { path: '^src/' }, to: { path: '^test/' } },
    { name: 'no-dev-dependencies', severity: 'error', comment: 'Would break a production install.', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'] } }
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' }, enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] } }
}
