import { type Credentials, wantsOtherToken } from '../auth/credentials.ts'
import { ClientError, toClientError } from '../clientError.ts'
import { COMMAND_TRIES, backoff, sleep } from '../timing.ts'
import { type Request, type RequestDefaults, sendRequest } from './sendRequest.ts'

export type Call = Omit<Request, 'credential'>

/** Says what an answer's JSON is; null when it is not that. */
export type Reading<T> = (body: unknown) => T | null

/** Calls the API by the client's right. */
export class Api {
  readonly #defaults: RequestDefaults
  readonly #credentials: Credentials

  constructor(defaults: RequestDefaults, credentials: Credentials) {
    this.#defaults = defaults
    this.#credentials = credentials
  }

  /** One try; a token that is refused is renewed once, for all calls that wait. Throws ClientError. */
  async once<T>(call: Call, read: Reading<T>): Promise<T> {
    const { key } = this.#credentials
    const token = await this.#credentials.token()
    let body: unknown
    try {
      body = await sendRequest(this.#defaults, { ...call, credential: { token, key } })
    } catch (error) {
      if (!(error instanceof ClientError) || !wantsOtherToken(error)) throw error
      const renewed = await this.#credentials.renew(token)
      body = await sendRequest(this.#defaults, { ...call, credential: { token: renewed, key } })
    }
    const answer = read(body)
    if (answer !== null) return answer
    throw new ClientError('invalid_answer', `The answer to ${call.method} ${call.path} is not AgentView's.`)
  }

  /**
   * As `once`, and again after what may go better. Only for calls that may arrive twice: those that read, those that say
   * how it shall be, and those with an idempotency key. Throws ClientError.
   */
  async call<T>(call: Call, read: Reading<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(call, read)
      } catch (thrown) {
        const error = toClientError(thrown)
        if (!error.isTemporary || tries >= COMMAND_TRIES || call.signal?.aborted) throw error
        await sleep(error.retryAfterMs ?? backoff(tries), call.signal)
      }
    }
  }
}
