import fc from 'fast-check'
import { isObject } from '@shared/domain/json'
import { SOCKET_MESSAGES } from '@shared/contracts/sockets'
import type { Schema } from './fromSchema.ts'
import { valuesOf } from './fromSchema.ts'
import { hostileJson } from './hostile.ts'
import { nearlyValid } from './mutate.ts'
import { CREDENTIALS, type CredentialName } from './requests.ts'

export interface SocketMessage {
  name: string
  /** JSON texts of what is emitted. */
  payload: string[]
}

/** A connection to the namespace /client, what is emitted on it one after the other, and at last perhaps a broken packet. */
export interface FuzzedSocket {
  kind: 'socket'
  credential: CredentialName
  messages: SocketMessage[]
  packet: string | null
}

const NAMES = Object.keys(SOCKET_MESSAGES) as (keyof typeof SOCKET_MESSAGES)[]

/** Of the protocols below: Engine.IO's and Socket.IO's. */
const PACKETS = [
  ...[
    '4!garbage',
    '42/client,{',
    '42/client,[]',
    '42/client,["disconnect"]',
    '43/client,99999[1]',
    '42/admin,["subscribe"]',
  ],
  ...[
    '451-/client,["message",{"_placeholder":true,"num":7}]',
    '0',
    '9',
    '',
    '41/client,',
    '40/client,{"token":5}',
    '1',
    '2x',
  ],
  ...['42/client,1e99["subscribe"]', '42/client,["__proto__",{}]', '42/client,["subscribe"', '6', '40/,', '\u0000'],
  `42/client,["subscribe",${'['.repeat(50_000)}${']'.repeat(50_000)}]`,
  `42/client,["message",{"input":"${'x'.repeat(1_100_000)}"}]`,
]

/** What fits nothing when it is anything: the token of the person who most often connects, a run that waits. */
const FITTING: Partial<Record<keyof typeof SOCKET_MESSAGES, object>> = {
  resume: { runId: '@{paused 0}' },
  auth: { token: '@{token 0}', key: undefined },
}

export function fuzzedSockets(): fc.Arbitrary<FuzzedSocket> {
  return fc.record({
    kind: fc.constant('socket' as const),
    credential: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<CredentialName>('person', 'secret', 'customer', 'otherPerson') },
      { weight: 1, arbitrary: fc.constantFrom(...CREDENTIALS) },
    ),
    messages: fc.array(messages(), { maxLength: 5 }),
    packet: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom(...PACKETS) },
    ),
  })
}

function messages(): fc.Arbitrary<SocketMessage> {
  const known = fc.constantFrom(...NAMES).chain((name) => {
    // What TypeBox makes is JSON Schema.
    const valid = valuesOf(SOCKET_MESSAGES[name] as Schema).map((value) =>
      isObject(value) ? { ...value, ...FITTING[name] } : value,
    )
    const payload = fc.oneof(
      { weight: 6, arbitrary: valid.map((value) => [JSON.stringify(value)]) },
      { weight: 4, arbitrary: nearlyValid(valid).map((text) => [text]) },
      { weight: 1, arbitrary: fc.array(hostileJson, { maxLength: 3 }) },
    )
    return fc.record({ name: fc.constant(name as string), payload })
  })
  const unknown = fc.record({
    name: fc.constantFrom('destroy', 'constructor', '__proto__', 'toString', '', 'event', 'cut'),
    payload: fc.array(hostileJson, { maxLength: 2 }),
  })
  return fc.oneof({ weight: 15, arbitrary: known }, { weight: 1, arbitrary: unknown })
}
