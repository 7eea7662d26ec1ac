import { clockTime } from '../kernel/calendar.js'
import { problem } from '../kernel/problem.js'

export const fileTypeNotAllowed = problem<{ allowed: string[] }>('file_type_not_allowed', {
  status: 422,
  title: { zh: '不支持该文件格式', en: 'Not a file of an allowed type' },
  detail: () => ({
    zh: '文件内容不是 PDF、JPEG、PNG 或 MP4，请转换为其中一种格式后重新上传。',
    en: 'By its content the file is no PDF, JPEG, PNG or MP4; convert it to one of these and upload it again.'
  })
})

export const tooManyFiles = problem<{ max: number }>('too_many_files', {
  status: 422,
  title: { zh: '证据文件数量已达上限', en: 'Too many files' },
  detail: ({ max }) => ({
    zh: `每一方在一件纠纷中最多提交 ${max} 个文件；请将多页材料合并为一个 PDF 后提交。`,
    en: `Each party may file at most ${max} files in one dispute; put several pages into one PDF.`
  })
})

export const fileInfected = problem<{ found: string }>('file_infected', {
  status: 422,
  title: { zh: '文件含有恶意代码', en: 'The file carries malware' },
  detail: ({ found }) => ({
    zh: `病毒扫描发现 ${found}，文件未被接收；请用杀毒软件处理后提交干净的副本。`,
    en: `The virus scan found ${found}, so the file was not taken; file a clean copy.`
  })
})

export const evidencePeriodOver = problem<{ until: Date }>('evidence_period_over', {
  status: 409,
  title: { zh: '举证期限已届满', en: 'The evidence period is over' },
  detail: ({ until }) => ({
    zh: `仲裁庭确定的举证期限已于 ${clockTime(until).zh} 届满；如有正当理由，请在陈述中申请仲裁庭延长。`,
    en: `The time the tribunal set for evidence ended at ${clockTime(until).en}; ask the tribunal in a statement to extend it.`
  })
})
