import { problem } from '../kernel/problem.js'

export const officeRequired = problem<{ offices: string[] }>('office_required', {
  status: 422,
  title: { zh: '请指明公证处', en: 'Name the notary office' },
  detail: ({ offices }) => ({ zh: `本平台有多家公证处，请以 officeId 指明其一：${offices.join('、')}。`, en: `There are several notary offices: name one by officeId (${offices.join(', ')}).` })
})
