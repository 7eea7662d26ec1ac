import type { Text } from '../kernel/problem.js'
import { problem } from '../kernel/problem.js'

export const statementUnreadable = problem<{ because: Text }>('statement_unreadable', {
  status: 422,
  title: { zh: '无法读取对账单', en: 'The statement cannot be read' },
  detail: ({ because }) => ({ zh: `${because.zh}。请核对文件,未导入任何内容。`, en: `${because.en}. Check the file; nothing was imported.` })
})

export const statementOfAnotherAccount = problem<{ account: string }>('statement_of_another_account', {
  status: 422,
  title: { zh: '对账单不属于本公证处的提存专户', en: 'The statement is of another account' },
  detail: ({ account }) => ({ zh: `该对账单的账号(${account})不是本公证处的提存专户,未导入任何内容。`, en: `The statement is of the account ${account}, which is not this office's special account; nothing was imported.` })
})

export const statementNotBalanced = problem<{ openingFen: bigint; movedFen: bigint; closingFen: bigint }>('statement_not_balanced', {
  status: 422,
  title: { zh: '对账单余额不平', en: 'The statement does not add up' },
  detail: ({ openingFen, movedFen, closingFen }) => ({
    zh: `期初余额 ${openingFen} 分加发生额 ${movedFen} 分不等于期末余额 ${closingFen} 分:文件可能不完整,请重新下载。未导入任何内容。`,
    en: `The opening balance (${openingFen} fen) and the lines (${movedFen} fen) do not come to the closing balance (${closingFen} fen): the file may be incomplete, fetch it again. Nothing was imported.`
  })
})

export const statementContradicts = problem<{ entryReference: string }>('statement_contradicts', {
  status: 422,
  title: { zh: '对账单与已导入的内容矛盾', en: 'The statement contradicts an earlier one' },
  detail: ({ entryReference }) => ({
    zh: `流水 ${entryReference} 曾以不同的金额、方向或日期导入。请与银行核实;未导入任何内容。`,
    en: `The line ${entryReference} was imported before with another amount, side or date. Ask the bank; nothing was imported.`
  })
})

export const tooManyUnmatched = problem<{ max: number }>('too_many_unmatched', {
  status: 422,
  title: { zh: '无法对应的流水过多', en: 'Too many lines match nothing' },
  detail: ({ max }) => ({
    zh: `超过 ${max} 笔流水无法与账簿对应,文件或列映射可能有误。未导入任何内容。`,
    en: `More than ${max} lines match nothing in the books: the file or the mapping of its columns is probably wrong. Nothing was imported.`
  })
})

export const resolutionDoesNotFit = problem<{ because: Text }>('resolution_does_not_fit', {
  status: 422,
  title: { zh: '该处理方式不适用', en: 'The resolution does not fit' },
  detail: ({ because }) => ({ zh: `${because.zh}。请改用其他处理方式。`, en: `${because.en}. Choose another way.` })
})
