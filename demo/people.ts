import { apiOf, caller, Departure, type Api } from './client.js'

/** The people of the story: the sandbox's staff, and consumers who register by their first sign-in. */

const staffPassword = 'Ticun-demo-1'

type SignIn = Readonly<{ phone: string; end: string; merchantId?: string }>

export type Person = Api & Readonly<{ name: string; phone: string; userId: string }>

/** The newest code on a phone. */
export const codeOn = async (sandbox: Api, phone: string): Promise<string> => {
  const { items } = await sandbox.get(`/sandbox/messages?phone=${phone}`)
  const message = items.find(({ code }: { code?: string }) => code !== undefined)
  if (!message) throw new Departure(`No code came to ${phone}.`)
  return message.code
}

/** Signs in with the code of an SMS, and again when the clock was moved past the token's quarter of an hour. */
export const signIn = async (url: string, sandbox: Api, name: string, { phone, end, merchantId }: SignIn): Promise<Person> => {
  const begin = async (): Promise<any> => {
    const { challengeId } = await sandbox.post('/auth/challenges', { phone, purpose: 'login' })
    const password = end === 'consumer' || end === 'merchant' ? {} : { password: staffPassword }
    return sandbox.post('/auth/sessions', { challengeId, code: await codeOn(sandbox, phone), end, ...password, ...(merchantId ? { merchantId } : {}) })
  }
  const { accessToken, user } = await begin()
  let call = caller(url, accessToken)

  // Calls at once find the token expired together, and one sign-in serves them all.
  let renewal: Promise<void> | undefined
  const renew = async (): Promise<void> => { call = caller(url, (await begin()).accessToken) }
  const renewing: Api['call'] = async (...request) => {
    const answer = await call(...request)
    if (answer.status !== 401) return answer
    renewal ??= renew().finally(() => { renewal = undefined })
    await renewal
    return call(...request)
  }
  return { ...apiOf(renewing), name, phone, userId: user.id }
}
