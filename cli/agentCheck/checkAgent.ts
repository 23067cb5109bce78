import { newSigningSecret } from '@shared/store/sealedSecrets'
import { judgeAnswer } from './checkAnswer.ts'
import { judgeBrokenBody, judgeHangingUp, judgeUnusual } from './checkRequests.ts'
import { judgeForgery } from './checkSignatures.ts'
import { failureOf } from './failures.ts'
import type { Finding } from './finding.ts'
import { type Sample, sampleRequest, withLongHistory, withUnknownMembers } from './sampleRequest.ts'
import { type Outcome, type Trial, tryCall } from './tryCall.ts'

export interface AgentToCheck extends Sample {
  url: string
  /** Null: it isn't known, and a call is signed with one of our own. */
  secret: string | null
  /** For each call, in ms. */
  totalMs: number
}

/** So many hang up before the agent app is asked whether it is still there. */
const CALLERS = 4
const TEN_MINUTES_MS = 600_000

/**
 *   a plain message ─▶ forged, old ─▶ unknown members, long history, no JSON ─▶ callers that hang up, and one that does not
 * Yields each finding as soon as it is there. When the plain message gets no answer, the rest would say the same.
 */
export async function* checkAgent(agent: AgentToCheck): AsyncGenerator<Finding> {
  const secret = agent.secret ?? newSigningSecret()
  const call = (more: Partial<Trial> = {}): Promise<Outcome> => {
    const body = JSON.stringify(sampleRequest(agent))
    return tryCall({ url: agent.url, totalMs: agent.totalMs, secret, signedAt: new Date(), body, ...more })
  }

  const plain = await call()
  yield* judgeAnswer(plain)
  if (failureOf(plain)) return

  yield judgeForgery('forged signature', 'a call that somebody else signed', await call({ secret: newSigningSecret() }))
  if (agent.secret !== null) {
    const old = await call({ signedAt: new Date(Date.now() - TEN_MINUTES_MS) })
    yield judgeForgery('old signature', 'a call of ten minutes ago', old)
  }

  const unknown = JSON.stringify(withUnknownMembers(sampleRequest(agent)))
  yield judgeUnusual('unknown members', 'members that it does not know', await call({ body: unknown }))
  const long = JSON.stringify(withLongHistory(sampleRequest(agent)))
  const bytes = Buffer.byteLength(long).toLocaleString('en')
  yield judgeUnusual('long history', `a history of ${bytes} bytes`, await call({ body: long }))
  yield judgeBrokenBody('broken body', await call({ body: '{"run":' }))

  await Promise.all(Array.from({ length: CALLERS }, () => call({ hangUpAfter: 1 })))
  yield judgeHangingUp('hanging up', CALLERS, await call())
}
