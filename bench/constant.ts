import Fastify from 'fastify'

/** What the framework and the load generator could do at most: an answer that is always the same. */
const app = Fastify()
app.get('/healthz', async () => ({ status: 'ok' }))
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
process.once('SIGTERM', () => { void app.close() })
