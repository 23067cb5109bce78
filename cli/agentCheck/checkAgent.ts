import type { AgentRequest } from '@shared/contracts/agentApi'
import { newSigningSecret } from '@shared/store/sealedSecrets'
import { type Signing, callOf } from './callOf.ts'
import { judgeAnswer } from './checkAnswer.ts'
import { judgeBrokenBody, judgeHangingUp, judgeUnusual } from './checkRequests.ts'
import { judgeForgery } from './checkSignatures.ts'
import type { CheckedProtocol } from './checkedProtocols.ts'
import { failureOf } from './failures.ts'
import type { Finding } from './finding.ts'
import { type Sample, sampleRequest, withLongHistory, withUnknownMembers } from './sampleRequest.ts'
import { type Outcome, type Trial, tryCall } from './tryCall.ts'

export interface AgentToCheck extends Sample {
  url: string
  protocol: CheckedProtocol
  /** Null: it isn't known, and a call is signed with one of our own. */
  secret: string | null
  /** What an AG-UI agent gets as its bearer token. */
  apiKey?: string | undefined
  /** For each call, in ms. */
  totalMs: number
}

interface Variant extends Partial<Pick<Signing, 'secret' | 'signedAt'>>, Pick<Trial, 'hangUpAfter'> {
  request?: AgentRequest
  /** Made to the body before it is signed. */
  change?: (body: string) => string
}

/** So many hang up before the agent app is asked whether it is still there. */
const CALLERS = 4
const TEN_MINUTES_MS = 600_000

/**
 *   a plain message ─▶ forged, old ─▶ unknown members, long history, no JSON ─▶ callers that hang up, and one that does not
 * Yields each finding as soon as it is there. When the plain message gets no answer, the rest would say the same. An AG-UI
 * agent need know nothing of our signatures.
 */
export async function* checkAgent(agent: AgentToCheck): AsyncGenerator<Finding> {
  const { protocol } = agent
  const known = agent.secret ?? newSigningSecret()
  const call = ({
    request = sampleRequest(agent),
    change,
    hangUpAfter,
    ...signing
  }: Variant = {}): Promise<Outcome> => {
    const { apiKey, url, totalMs } = agent
    const made = callOf(request, { protocol, apiKey, secret: known, signedAt: new Date(), ...signing }, change)
    return tryCall({ url, totalMs, ...made, ...(hangUpAfter !== undefined && { hangUpAfter }) })
  }

  const plain = await call()
  yield* judgeAnswer(plain, protocol)
  if (failureOf(plain)) return

  if (protocol === 'agentview') {
    const forged = await call({ secret: newSigningSecret() })
    yield judgeForgery('forged signature', 'a call that somebody else signed', forged)
    if (agent.secret !== null) {
      const old = await call({ signedAt: new Date(Date.now() - TEN_MINUTES_MS) })
      yield judgeForgery('old signature', 'a call of ten minutes ago', old)
    }
  }

  const unknown = await call({ change: withUnknownMembers })
  yield judgeUnusual('unknown members', 'members that it does not know', unknown, protocol)
  let bytes = 0
  const long = await call({
    request: withLongHistory(sampleRequest(agent)),
    change(body) {
      bytes = Buffer.byteLength(body)
      return body
    },
  })
  yield judgeUnusual('long history', `a history of ${bytes.toLocaleString('en')} bytes`, long, protocol)
  yield judgeBrokenBody('broken body', await call({ change: () => '{"run":' }))

  await Promise.all(Array.from({ length: CALLERS }, () => call({ hangUpAfter: 1 })))
  yield judgeHangingUp('hanging up', CALLERS, await call())
}
