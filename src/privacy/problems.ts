import { problem } from '../kernel/problem.js'
import type { OpenMatter } from './model.js'

export const accountInUse = problem<{ open: OpenMatter[] }>('account_in_use', {
  status: 409,
  title: { zh: '账户尚有未了事项', en: 'The account is in use' },
  detail: ({ open }) => ({
    zh: `注销前须先了结 ${open.length} 项：${open.slice(0, 5).map(({ id, todo }) => `${id}：${todo.zh}`).join('；')}。`,
    en: `${open.length} matters must end before the account can be closed: ${open.slice(0, 5).map(({ id, todo }) => `${id}: ${todo.en}`).join('; ')}.`
  })
})
