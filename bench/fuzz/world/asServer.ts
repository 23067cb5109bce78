import { type JsonObject, isObject } from '@shared/domain/json'

/** Calls of the customer's server with which a world is made; each has to be accepted. */
export interface AsServer {
  post(path: string, body?: object, headers?: Record<string, string>): Promise<JsonObject>
  get(path: string): Promise<JsonObject>
  remove(path: string): Promise<void>
}

/** A text that an answer must have. */
export function textIn(answer: JsonObject, member: string): string {
  const text = answer[member]
  if (typeof text === 'string') return text
  throw new Error(`making a world: an answer has no ${member}`)
}

export function asServer(url: string, secretKey: string): AsServer {
  async function call(
    method: string,
    path: string,
    body?: object,
    more: Record<string, string> = {},
  ): Promise<unknown> {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json', ...more }
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`making a world: ${method} ${path} was answered ${response.status}: ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  const object = (value: unknown): JsonObject => {
    if (isObject(value)) return value
    throw new Error('making a world: an answer is no object')
  }
  return {
    post: async (path, body, headers) => object(await call('POST', path, body, headers)),
    get: async (path) => object(await call('GET', path)),
    remove: async (path) => void (await call('DELETE', path)),
  }
}
