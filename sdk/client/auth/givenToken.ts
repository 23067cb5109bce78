import { toClientError } from '../clientError.ts'
import type { TokenProvider } from '../options.ts'
import { type Credentials, unauthorized } from './credentials.ts'

/** A token that the page gives: once, or each time it is asked. */
export class GivenToken implements Credentials {
  readonly key: string | null
  readonly #given: string | TokenProvider
  #token: string | null = null
  #asking: Promise<string> | null = null

  constructor(given: string | TokenProvider, key: string | null) {
    this.#given = given
    this.key = key
    if (typeof given === 'string') this.#token = given
  }

  token(): Promise<string> {
    return this.#token === null ? this.#ask() : Promise.resolve(this.#token)
  }

  renew(spent: string): Promise<string> {
    if (this.#token !== null && this.#token !== spent) return Promise.resolve(this.#token)
    return this.#ask()
  }

  /** Asks the page once, however many wait for it. */
  #ask(): Promise<string> {
    const given = this.#given
    if (typeof given === 'string')
      return Promise.reject(unauthorized('The token is not accepted (any more): make a client with another one.'))
    this.#asking ??= this.#askPage(given).finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #askPage(provide: TokenProvider): Promise<string> {
    try {
      this.#token = await provide()
      return this.#token
    } catch (error) {
      throw toClientError(error)
    }
  }
}
