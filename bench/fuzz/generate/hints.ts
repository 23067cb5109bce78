import fc from 'fast-check'
import { type Json, isObject } from '@shared/domain/json'
import { ACTS } from '../agent/acts.ts'
import { referenceTo } from './references.ts'

/** The agents of each world, and one that is not there. */
const AGENT_NAMES = ['echo', 'echo', 'echo', 'typed', 'typed', 'absent']

const input = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\u0000')),
  fc.record({ act: fc.constantFrom(...ACTS), content: fc.string({ maxLength: 5 }) }),
  fc.record({ content: fc.string({ maxLength: 5 }), n: fc.integer() }, { requiredKeys: [] }),
)

const metadata = fc.oneof(
  fc.constant({}),
  fc.record({ n: fc.integer(), color: fc.constantFrom('red', 'blue', null) }, { requiredKeys: [] }),
)

function rarely(usual: string, ...others: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
}

/** What a member's name says that its schema can't: values that mean something to the world, so that they are hit. */
const HINTS: Record<string, fc.Arbitrary<Json>> = {
  agent: fc.constantFrom(...AGENT_NAMES),
  name: fc.constantFrom(...AGENT_NAMES),
  input,
  metadata,
  runType: rarely('chat', 'other'),
  version: rarely('1.0.0', '1.1.0', '9.0.0', 'newest'),
  // Longer ones would only make each look at what is left behind wait.
  debounceMs: fc.integer({ min: 0, max: 50 }),
  pauseId: referenceTo('pause'),
  token: referenceTo('token'),
  // Of the two calls that a pause of the agent app's has; what is hostile comes from mutations.
  toolResults: fc.constantFrom([{ callId: 'c1', output: 1 }], [{ callId: 'c1', output: null, isError: true }]),
  approvals: fc.constantFrom([{ callId: 'c2', approved: true }], [{ callId: 'c2', approved: false, reason: 'no' }]),
  refreshToken: referenceTo('refresh'),
  cursor: referenceTo('cursor'),
  after: fc.oneof(fc.nat({ max: 5 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  externalId: fc.constantFrom('person-a', 'person-b', 'person-c', 'Zoë \u{1f600}'),
  url: fc.constantFrom(
    '@{hook 0}',
    '@{hook 0}',
    'http://[::1]/',
    'http://169.254.169.254/latest',
    'ftp://shop.example',
  ),
  idempotencyKey: fc.constantFrom('key-1', 'key-2', 'key-3'),
}

export function hintFor(name: string): fc.Arbitrary<Json> | null {
  return Object.hasOwn(HINTS, name) ? HINTS[name]! : null
}

/** Members that only go with another one, which no schema says: [member, its companion, what that has to be]. */
const COMPANIONS = [
  ['debounceMs', 'onBusy', 'merge'],
  ['error', 'status', 'failed'],
] as const

/** Takes away what does not go together, or most requests that are valid by their schema would be refused. */
export function withoutLoners<Value extends Json>(value: Value): Value {
  if (!isObject(value)) return value
  const loners = COMPANIONS.filter(([member, companion, wanted]) => member in value && value[companion] !== wanted)
  for (const [member] of loners) delete value[member]
  return value
}
