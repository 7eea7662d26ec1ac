import type { DisputeStage } from '../disputes/model.js'
import { wrongState } from '../kernel/problems.js'
import { FileType } from './model.js'
import { evidencePeriodOver, fileTypeNotAllowed, tooManyFiles } from './problems.js'

/*
 * Each party files what it wants to prove its word by, as long as the case is not decided or over:
 * papers and pictures (PDF, JPEG, PNG) and videos (MP4), so many and no more. What a file is, its
 * content says and not its name; the name is kept because people speak of files by it, stripped of
 * all that could lead somewhere, hide something or be taken for another kind of file. The same
 * content filed twice by one party is one file.
 */

export const filesMax = 30

const openStages: DisputeStage[] = ['negotiation', 'mediation', 'arbitration']

type Case = Readonly<{ stage: DisputeStage; evidenceUntil: Date | null }>

/** @throws wrong_state (409) once the case is decided or over, evidence_period_over (409) where the tribunal has set a time */
export const checkFilable = ({ stage, evidenceUntil }: Case, at: Date): void => {
  if (!openStages.includes(stage)) throw wrongState({ state: stage, allowed: openStages })
  if (evidenceUntil !== null && at >= evidenceUntil) throw evidencePeriodOver({ until: evidenceUntil })
}

/** @throws too_many_files (422) */
export const checkCount = (filed: number): void => {
  if (filed >= filesMax) throw tooManyFiles({ max: filesMax })
}

/** As many of a file's first bytes as `typeOf` looks at. */
export const headBytes = 64

const textAt = (head: Uint8Array, from: number, to: number): string => String.fromCharCode(...head.subarray(from, to))

const mp4Brand = /^(?:iso[m2-9]|mp4[12]|avc1|M4V[ HP]|MSNV|dash)$/

/** An MP4 begins with a box that names its brand and those it is compatible with (ISO/IEC 14496-12 §4.3). */
const isMp4 = (head: Uint8Array): boolean => {
  if (textAt(head, 4, 8) !== 'ftyp') return false
  const end = new DataView(head.buffer, head.byteOffset, head.length).getUint32(0)
  const places = [8, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60].filter((at) => at + 4 <= end)
  return places.some((at) => mp4Brand.test(textAt(head, at, at + 4)))
}

const isType: Readonly<Record<FileType, (head: Uint8Array) => boolean>> = {
  'application/pdf': (head) => /^%PDF-[12]\.\d/.test(textAt(head, 0, 8)),
  'image/jpeg': (head) => textAt(head, 0, 3) === '\xff\xd8\xff',
  'image/png': (head) => textAt(head, 0, 8) === '\x89PNG\r\n\x1a\n' && textAt(head, 12, 16) === 'IHDR',
  'video/mp4': isMp4
}

/** What a file is by its first bytes. @throws file_type_not_allowed (422) */
export const typeOf = (head: Uint8Array): FileType => {
  const type = FileType.options.find((one) => isType[one](head))
  if (type === undefined) throw fileTypeNotAllowed({ allowed: FileType.options })
  return type
}

const endings: Readonly<Record<FileType, readonly [string, ...string[]]>> = {
  'application/pdf': ['pdf'], 'image/jpeg': ['jpg', 'jpeg'], 'image/png': ['png'], 'video/mp4': ['mp4', 'm4v']
}

/** With a number before it and an ending after it, a name in UTF-8 stays below the 255 bytes that file systems take. */
const stemMax = 55

/** Where a file stands in the bundle of its case: by party, in the order of filing. */
export const bundlePath = ({ party, name }: Readonly<{ party: string; name: string }>, index: number): string =>
  `files/${party}/${(index + 1).toString().padStart(2, '0')}-${name}`

/** A name that can be shown, saved and packed anywhere, with the ending of what the file is. */
export const safeName = (given: string, type: FileType): string => {
  const [ending, ...others] = endings[type]
  const last = given.split(/[\\/]/).at(-1) ?? ''
  // No control, invisible or direction-changing characters (\p{C}), nothing that a file system reserves.
  const plain = last.normalize('NFC').replace(/\p{C}/gu, '').replace(/[<>:"|?*]/g, '_').replace(/\s+/g, ' ')
  const stem = plain.replace(new RegExp(`\\.(?:${[ending, ...others].join('|')})$`, 'i'), '')
  const short = [...stem].slice(0, stemMax).join('').replace(/^[. ]+|[. ]+$/g, '')
  return `${short || '文件'}.${ending}`
}
