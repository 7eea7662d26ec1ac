import { createHash } from 'node:crypto'
import { momentOf } from '../documents/wording.js'
import type { CertificateCheck } from './model.js'

/*
 * What a person sees who scanned the code: one page, whole in itself, without script, without
 * anything from elsewhere, and without a word about whom the certificate names.
 */

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const kinds: Readonly<Record<CertificateCheck['kind'], readonly [string, string]>> = {
  contract: ['合同', 'Contract'],
  deposit_certificate: ['提存公证书', 'Deposit certificate'],
  redemption_statement: ['核销明细', 'Redemption statement'],
  settlement_statement: ['结算单', 'Settlement statement'],
  refund_certificate: ['退费证明', 'Refund certificate'],
  settlement_agreement: ['和解协议', 'Settlement agreement'],
  mediation_agreement: ['调解协议', 'Mediation agreement'],
  judgment_record: ['法院裁判登记', 'Record of a judgment'],
  award: ['仲裁裁决书', 'Award'],
  handover: ['合同转让书', 'Contract handover']
}

const style = `body{font:16px/1.7 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1c1c1c}
main{max-width:44rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.3rem}
dl{background:#fff;border:1px solid #ddd;border-radius:6px;padding:.5rem 1.2rem}
dt{color:#666;font-size:.85rem;margin-top:.7rem}
dd{margin:0 0 .7rem;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem;margin:0}
.status{font-size:1.15rem;font-weight:600}
.valid{color:#0a6b35}
.revoked{color:#b3151b}`

const styleHash = createHash('sha256').update(style).digest('base64')

/** The headers of the page: nothing may be loaded, framed or sent from it but its own style. */
export const pageHeaders = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  vary: 'accept'
}

const item = (zh: string, en: string, html: string): string => `<dt>${zh} · ${en}</dt><dd>${html}</dd>`

const statusOf = ({ status, revokedAt }: CertificateCheck): string => (status === 'valid'
  ? '<span class="status valid">有效 · Valid</span>'
  : `<span class="status revoked">已撤销 · Revoked</span>${revokedAt ? `（${momentOf(revokedAt)} 北京时间）` : ''}`)

const evidenceOf = ({ evidence }: CertificateCheck): string => (evidence === null
  ? item('存证', 'Evidence', '正在编入存证日志，请稍后刷新。 · Being entered into the evidence log; look again shortly.')
  : item('存证位置', 'Leaf index', String(evidence.leafIndex)) + item('检查点', 'Checkpoint', `<pre>${escaped(evidence.checkpoint)}</pre>`))

const hash = (sha256: string | null): string => (sha256 === null ? '—' : `<code>${escaped(sha256)}</code>`)

export const pageOf = (check: CertificateCheck): string => {
  const [zh, en] = kinds[check.kind]
  return `<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${zh} ${escaped(check.number)}</title><style>${style}</style></head>
<body><main>
<h1>公证文书查验 · Certificate check</h1>
<dl>
${item('状态', 'Status', statusOf(check))}
${item('编号', 'Number', escaped(check.number))}
${item('种类', 'Kind', `${zh} · ${en}`)}
${item('出具时间', 'Issued at', `${momentOf(check.issuedAt)}（北京时间）`)}
${item('签名文件的 SHA-256', 'SHA-256 of the sealed file', hash(check.sealedSha256))}
${item('签名前内容的 SHA-256', 'SHA-256 of the content before the seal', hash(check.documentSha256))}
${evidenceOf(check)}
</dl>
<p>将您手中文件的 SHA-256 与上列摘要比对，一致的，即为本编号的文书。本页不显示任何个人信息。<br>Compare the SHA-256 of the file you hold with the hash above: if they agree, it is the certificate of this number. This page shows no personal data.</p>
</main></body>
</html>
`
}
