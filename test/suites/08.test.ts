import { runShare } from './shares.js'

await runShare(8)
