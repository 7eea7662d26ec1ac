import { defineConfig } from 'drizzle-kit'

// The built tables: drizzle-kit cannot follow the .js import specifiers of the sources.
export default defineConfig({
  dialect: 'postgresql',
  schema: './dist/*/table.js',
  out: './migrations'
})
