import { problem } from '../kernel/problem.js'

export const reportContradicts = problem<{ reference: string }>('report_contradicts', {
  status: 422,
  title: { zh: '渠道对账单与已导入的内容矛盾', en: 'The channel\'s report contradicts an earlier one' },
  detail: ({ reference }) => ({
    zh: `交易 ${reference} 曾以不同的金额或日期导入。请与支付渠道核实;未导入任何内容。`,
    en: `The transaction ${reference} was imported before with another amount or day. Ask the channel; nothing was imported.`
  })
})

export const reportOfAnotherDay = problem<{ date: string; other: string }>('report_of_another_day', {
  status: 422,
  title: { zh: '渠道对账单不是该日的', en: 'The report is of another day' },
  detail: ({ date, other }) => ({
    zh: `应为 ${date} 一日的渠道对账单,其中却有 ${other} 的交易。未导入任何内容。`,
    en: `The report of ${date} holds the transactions of that day: this has one of ${other}. Nothing was imported.`
  })
})
