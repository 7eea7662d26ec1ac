import { createReadStream } from 'node:fs'
import { SaxesParser } from 'saxes'
import { dateOf } from '../kernel/calendar.js'
import type { Text } from '../kernel/problem.js'
import type { StatementHead, StatementLine } from './model.js'
import { statementUnreadable } from './problems.js'
import { batchMax, cut, dateIn, fenOf, textOf, type Reading } from './reading.js'

/*
 * ISO 20022 camt.053.001.08, read as a stream: whatever its length, one line is in memory at a time.
 * A document type is refused, so there is no entity to expand and nothing outside to fetch; the
 * parser knows only the five entities of XML itself.
 */

const refuse = (zh: string, en: string) => statementUnreadable({ because: { zh, en } satisfies Text })

const namespace = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d$/
const depthMax = 40
const textMax = 10_000
/** Of text, comments or attributes that the parser would gather before it tells of them. */
const untoldMax = 1_000_000

/** Texts of one element's descendants, by the path below it; of repeated ones the first. */
type Texts = Map<string, string>

const dayOf = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined
  if (!text.includes('T')) return dateIn(text)
  // Years of more than four digits are beyond what a day can be told of.
  const at = new Date(/^\d{4}-/.test(text) ? text : Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : dateIn(dateOf(at))
}

/** An amount with its sign: credits above zero. */
const signedFen = (texts: Texts): bigint | undefined => {
  const fen = fenOf(texts.get('Amt') ?? '')
  const side = texts.get('CdtDbtInd')
  if (fen === undefined || fen < 0n || (side !== 'CRDT' && side !== 'DBIT')) return undefined
  return side === 'CRDT' ? fen : -fen
}

const details = 'NtryDtls/TxDtls'

const lineOf = (texts: Texts, statementReference: string): StatementLine | undefined => {
  const first = (...paths: string[]): string => cut(paths.map((path) => texts.get(path)).find((text) => text !== undefined && text !== 'NOTPROVIDED') ?? '', 1_000)
  const status = first('Sts/Cd', 'Sts/Prtry', 'Sts')
  if (status !== '' && status !== 'BOOK') return undefined
  const signed = signedFen(texts)
  const number = first('AcctSvcrRef', `${details}/Refs/AcctSvcrRef`)
  const own = first('NtryRef')
  const bookedOn = dayOf(texts.get('BookgDt/Dt') ?? texts.get('BookgDt/DtTm') ?? texts.get('ValDt/Dt') ?? texts.get('ValDt/DtTm'))
  if (signed === undefined || signed === 0n || bookedOn === undefined || (number === '' && own === '')) {
    throw refuse(`一笔流水缺少金额、日期或编号(NtryRef ${own || '—'})`, `A line lacks its amount, date or number (NtryRef ${own || '-'})`)
  }
  if (texts.get('Amt@Ccy') !== 'CNY') throw refuse('含有非人民币流水', 'A line is not in CNY')
  const party = signed > 0n ? 'Dbtr' : 'Cdtr'
  return {
    entryReference: number || `${statementReference}/${own}`,
    endToEndId: first(`${details}/Refs/EndToEndId`, `${details}/Refs/InstrId`),
    side: signed > 0n ? 'C' : 'D',
    amountFen: signed > 0n ? signed : -signed,
    bookedOn,
    valueOn: dayOf(texts.get('ValDt/Dt') ?? texts.get('ValDt/DtTm')) ?? bookedOn,
    code: first('BkTxCd/Domn/Fmly/SubFmlyCd', 'BkTxCd/Prtry/Cd'),
    counterparty: first(`${details}/RltdPties/${party}/Pty/Nm`, `${details}/RltdPties/${party}/Nm`),
    counterpartyAccount: first(`${details}/RltdPties/${party}Acct/Id/Othr/Id`, `${details}/RltdPties/${party}Acct/Id/IBAN`),
    remittance: first(`${details}/RmtInf/Ustrd`, 'AddtlNtryInf'),
    balanceFen: undefined
  }
}

type Head = { -readonly [Key in keyof StatementHead]: StatementHead[Key] } & { balances: Map<string, bigint> }

const takeBalance = (head: Head, texts: Texts): void => {
  const code = texts.get('Tp/CdOrPrtry/Cd')
  const fen = signedFen(texts)
  if (fen === undefined) throw refuse('余额缺少金额或方向', 'A balance lacks its amount or side')
  if (code === 'OPBD' || code === 'PRCD') head.openingFen ??= fen
  if (code === 'CLBD') {
    head.closingFen = fen
    head.closingOn = dayOf(texts.get('Dt/Dt') ?? texts.get('Dt/DtTm'))
    if (head.closingOn !== undefined) head.balances.set(head.closingOn, fen)
  }
}

/** The encoding a document names in its first bytes; UTF-8 where it names none. */
const encodingOf = async (path: string): Promise<string> => {
  for await (const chunk of createReadStream(path, { end: 199 })) {
    return /^\s*<\?xml[^>]*\bencoding=["']([\w-]+)["']/.exec((chunk as Buffer).toString('latin1').replace(/^\xef\xbb\xbf/, ''))?.[1] ?? 'utf-8'
  }
  return 'utf-8'
}

/** Puts elements together as the parser tells of them: lines into `lines`, the rest into the head. */
const createAssembly = () => {
  const head: Head = { reference: '', accountNumber: undefined, openingFen: undefined, closingFen: undefined, closingOn: undefined, balances: new Map() }
  const lines: StatementLine[] = []
  const path: string[] = []
  let statements = 0
  let texts: Texts = new Map()
  let text = ''
  let told = 0
  /** how deep the element is whose texts are gathered; 0 for none */
  let gathering = 0

  const inStatement = (name: string): boolean => path.length === 4 && path[2] === 'Stmt' && path[3] === name

  const open = (name: string, attributes: Record<string, string>): void => {
    path.push(name)
    text = ''
    told += 1
    if (path.length > depthMax) throw refuse('文件结构过深', 'The file is nested too deep')
    if (path.length === 1 && (name !== 'Document' || !namespace.test(attributes.xmlns ?? ''))) throw refuse('不是 camt.053 文件', 'It is not a camt.053 document')
    if (path.length === 3 && name === 'Stmt' && ++statements > 1) throw refuse('一个文件只能包含一份对账单', 'A file may hold one statement')
    if (inStatement('Ntry') || inStatement('Bal') || inStatement('Acct')) {
      gathering = path.length
      texts = new Map()
    }
    if (gathering > 0 && name === 'Amt' && path.length === gathering + 1) texts.set('Amt@Ccy', attributes.Ccy ?? '')
  }

  const finish = (name: string): void => {
    gathering = 0
    if (name === 'Bal') return takeBalance(head, texts)
    if (name === 'Acct') {
      head.accountNumber = texts.get('Id/Othr/Id') ?? texts.get('Id/IBAN')
      return
    }
    const line = lineOf(texts, head.reference)
    if (line) lines.push(line)
  }

  const close = (): void => {
    const name = path.at(-1) as string
    if (inStatement('Id')) head.reference = cut(text, 100)
    if (gathering === path.length) finish(name)
    else if (gathering > 0) {
      const key = path.slice(gathering).join('/')
      if (!texts.has(key) && text.trim() !== '') texts.set(key, text.trim())
    }
    path.pop()
    text = ''
    told += 1
  }

  const add = (more: string): void => {
    text += more
    if (text.length > textMax) throw refuse('某一字段过长', 'A field is too long')
  }

  return { open, close, add, lines, head, count: () => statements, told: () => told }
}

/** Reads a camt.053 statement. @throws statement_unreadable (422) while it is read */
export const readCamt053 = (path: string): Reading => {
  const assembly = createAssembly()

  const parser = (): SaxesParser => {
    const sax = new SaxesParser({ xmlns: false })
    sax.on('doctype', () => { throw refuse('文件含有 DOCTYPE 声明', 'The file declares a document type') })
    sax.on('error', (error) => { throw refuse('不是完整的 XML 文件', `It is not well-formed XML (${error.message.slice(0, 200)})`) })
    sax.on('opentag', ({ name, attributes }) => { assembly.open(name, attributes as Record<string, string>) })
    sax.on('text', assembly.add)
    sax.on('cdata', assembly.add)
    sax.on('closetag', assembly.close)
    return sax
  }

  async function * lines (): AsyncGenerator<StatementLine[]> {
    const sax = parser()
    let untold = 0
    for await (const chunk of textOf(path, await encodingOf(path))) {
      const told = assembly.told()
      sax.write(chunk)
      untold = assembly.told() === told ? untold + chunk.length : 0
      if (untold > untoldMax) throw refuse('某一字段过长', 'A field is too long')
      while (assembly.lines.length >= batchMax) yield assembly.lines.splice(0, batchMax)
    }
    sax.close()
    if (assembly.count() === 0 || assembly.head.reference === '') throw refuse('文件中没有对账单', 'There is no statement in the file')
    yield assembly.lines.splice(0)
  }

  return { lines: lines(), head: () => assembly.head }
}
