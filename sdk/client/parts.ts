import type { Credentials } from './auth/credentials.ts'
import { GivenToken } from './auth/givenToken.ts'
import { Visitor, isKeptGrant } from './auth/visitor.ts'
import { ClientError } from './clientError.ts'
import { readGrant } from './http/answers.ts'
import { type RequestDefaults, sendRequest } from './http/sendRequest.ts'
import { type ClientOptions, type TransportName, addressOf } from './options.ts'
import { browserLocks, browserStorage, pageOrigin } from './platform.ts'
import { exclusively } from './storage/exclusively.ts'
import { type KeyValueStorage, memoryStorage } from './storage/keyValueStorage.ts'
import { stored } from './storage/stored.ts'
import { socketTransport } from './transport/socketTransport.ts'
import { sseTransport } from './transport/sseTransport.ts'
import type { Transport } from './transport/transport.ts'

/** What a client's options come to. */
export interface Parts {
  defaults: RequestDefaults
  storage: KeyValueStorage
  tabStorage: KeyValueStorage
  transports: readonly Transport[]
  /** `changed`: the anonymous visitor is somebody else than before. */
  credentials(changed: () => void): Credentials
}

/** Reads the options, once. Throws ClientError `invalid_use`. */
export function partsOf(options: ClientOptions): Parts {
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  const { headers, params } = options
  const defaults: RequestDefaults = { address: addressOf(options.endpoint, pageOrigin()), fetch, headers, params }
  const common = options.storage ?? browserStorage('localStorage')
  return {
    defaults,
    storage: common ?? memoryStorage(),
    tabStorage: options.tabStorage ?? browserStorage('sessionStorage') ?? memoryStorage(),
    transports: transportsOf(options.transports ?? ['socket', 'sse'], defaults),
    credentials: (changed) => credentialsOf(options, defaults, common, changed),
  }
}

function transportsOf(names: readonly TransportName[], defaults: RequestDefaults): readonly Transport[] {
  if (names.length === 0) throw new ClientError('invalid_use', 'Name at least one transport: "socket" or "sse".')
  return names.map((name) => (name === 'socket' ? socketTransport(defaults) : sseTransport(defaults)))
}

function credentialsOf(
  { token, publishableKey, visitorMetadata }: ClientOptions,
  defaults: RequestDefaults,
  common: KeyValueStorage | null,
  changed: () => void,
): Credentials {
  if (token !== undefined) return new GivenToken(token, publishableKey ?? null)
  if (publishableKey === undefined)
    throw new ClientError('invalid_use', 'Say by what right the client calls: give a token, or a publishable key.')
  const name = `agentview.visitor.${publishableKey}`
  return new Visitor({
    async ask(path, body) {
      const credential = { token: publishableKey, key: null }
      const grant = readGrant(await sendRequest(defaults, { method: 'POST', path, body, credential }))
      if (grant) return grant
      throw new ClientError('invalid_answer', `The answer to POST ${path} is not AgentView's.`)
    },
    grant: stored(common ?? memoryStorage(), name, isKeptGrant),
    exclusively: exclusively(name, browserLocks(), common),
    ...(visitorMetadata && { metadata: visitorMetadata }),
    changed,
  })
}
