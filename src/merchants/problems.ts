import { problem } from '../kernel/problem.js'

export const merchantExists = problem<{ creditCode: string }>('merchant_exists', {
  status: 409,
  title: { zh: '商户已存在', en: 'The merchant exists already' },
  detail: ({ creditCode }) => ({
    zh: `统一社会信用代码 ${creditCode} 在本公证处已有审核中或在册的商户;请由其负责人登录商户端继续办理。`,
    en: `A merchant with the credit code ${creditCode} is under review or on the books of this office already; go on with that one, signed in as its owner.`
  })
})

export const venueExists = problem('venue_exists', {
  status: 409,
  title: { zh: '同名场馆已存在', en: 'A venue of this name exists' },
  detail: () => ({
    zh: '本商户已有同名而地址或租期不同的场馆;如需更正,请修改该场馆(PUT /v1/merchants/:id/venues/:venueId),或使用另一名称。',
    en: 'The merchant has a venue of this name with another address or lease; to correct it, change that one (PUT /v1/merchants/:id/venues/:venueId), or use another name.'
  })
})

export const accountNameDiffers = problem('account_name_differs', {
  status: 422,
  title: { zh: '账户名称与营业执照不符', en: 'The account is not in the merchant\'s name' },
  detail: () => ({
    zh: '结算账户的户名须与营业执照上的商户名称一致;请提供商户本身的账户。',
    en: 'A settlement account must be in the name on the merchant\'s licence; give an account of the merchant itself.'
  })
})
