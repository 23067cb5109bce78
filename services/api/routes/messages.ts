import type { IncomingMessage, ServerResponse } from 'node:http'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import { type RunSink, subscribeRun } from '@shared/delivery/runFeed'
import { streamTo } from '@shared/delivery/streamTo'
import { waitForRun } from '@shared/delivery/waitForRun'
import type { Handlers, Reply } from '@shared/http/serveRoute'
import { type Talker, principalsOf, rightOf } from '@shared/intake/caller'
import { type Accepted, readAccepted } from '@shared/intake/accepted'
import { beginSession } from '@shared/intake/beginSession'
import { unauthorized } from '@shared/intake/endUserTokens'
import { sendMessage } from '@shared/intake/sendMessage'
import { readItemsOfRun } from '@shared/store/runs'
import { readSession } from '@shared/store/sessions'
import type { ApiTools } from '../apiTools.ts'

/**
 *   POST ─▶ intake (accepted and durable) ─▶ as it was asked for:
 *     202 at once │ 200 once the run has ended (Prefer: wait) │ its events (Accept: text/event-stream)
 */
export function messageRoutes(tools: ApiTools): Handlers<'sendMessage' | 'beginSession'> {
  return {
    async sendMessage({ caller, params, body, key, request, response, stay }) {
      const wanted = wantedAnswer(request)
      if (mayLast(wanted)) stay()
      const accepted = await sendMessage(tools, caller, params.sessionId, body, key)
      return answer(tools, { caller, accepted, wanted, response, withSession: false })
    },
    async beginSession({ caller, body, key, request, response, stay }) {
      const wanted = wantedAnswer(request)
      if (mayLast(wanted)) stay()
      const accepted = await beginSession(tools, caller, body, key)
      return answer(tools, { caller, accepted, wanted, response, withSession: true })
    },
  }
}

type Wanted = { form: 'stream' } | { form: 'json'; waitSeconds: number }

/** Looked at before anything is accepted: a refused message leaves nothing behind. */
function mayLast(wanted: Wanted): boolean {
  return wanted.form === 'stream' || wanted.waitSeconds > 0
}

interface Answering {
  caller: Talker
  accepted: Accepted
  wanted: Wanted
  response: ServerResponse
  withSession: boolean
}

async function answer(tools: ApiTools, answering: Answering): Promise<Reply> {
  const { caller, accepted, wanted, response, withSession } = answering
  const headers: Record<string, string> = {
    Location: `/v1/runs/${accepted.runId}`,
    ...(accepted.replayed && { 'Idempotent-Replayed': 'true' }),
  }
  if (wanted.form === 'stream') {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    // From the run's first event, also when the acceptance is an old one: whoever asks again has lost the answer.
    const subscribe = (sink: RunSink) => subscribeRun(tools.feeds, tools.db, run(accepted), 0, sink)
    await streamTo(response, tools.connections, rightOf(caller), subscribe)
    return 'answered'
  }
  const waitMs = wanted.waitSeconds * 1_000
  const waited = waitMs > 0 && (await waitFor(tools, caller, run(accepted), waitMs, response))
  if (wanted.waitSeconds > 0) headers['Preference-Applied'] = `wait=${wanted.waitSeconds}`
  const [body, session] = await Promise.all([
    readAccepted(tools, caller, waitMs > 0 ? { ...accepted, made: null } : accepted),
    withSession ? readSession(tools.db, accepted.sessionId) : null,
  ])
  if (withSession && !session) throw notFound('session')
  const whole = { ...body, ...(session && { session }) }
  if (!waited || !(isEnded(body.run.status) || body.run.status === 'paused'))
    return { status: 202, body: whole, headers }
  return { status: 200, body: { ...whole, items: await readItemsOfRun(tools.db, run(accepted)) }, headers }
}

/** As long as whoever waits is there, and may be told. */
async function waitFor(
  { feeds, db, connections }: ApiTools,
  caller: Talker,
  waitedFor: { id: string; sessionId: string },
  waitMs: number,
  response: ServerResponse,
): Promise<boolean> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (response.destroyed) gone.abort()
  let mayRead = true
  const forget = connections.add(principalsOf(caller), () => {
    mayRead = false
    gone.abort()
  })
  const over = await waitForRun(feeds, db, waitedFor, waitMs, gone.signal).finally(forget)
  if (!mayRead) throw unauthorized()
  return over
}

function run(accepted: Accepted): { id: string; sessionId: string } {
  return { id: accepted.runId, sessionId: accepted.sessionId }
}

/** What the headers Accept and Prefer ask for (RFC 7240). Read before anything is accepted: a bad one leaves nothing behind. */
function wantedAnswer({ headers }: IncomingMessage): Wanted {
  if (headers.accept?.includes('text/event-stream')) return { form: 'stream' }
  const prefer = headers['prefer']
  const wait = /(?:^|[,;]\s*)wait\s*=\s*"?([^",;\s]*)/i.exec(typeof prefer === 'string' ? prefer : '')?.[1]
  if (wait === undefined) return { form: 'json', waitSeconds: 0 }
  if (!/^\d{1,9}$/.test(wait))
    throw new AgentViewError('invalid_request', 'Prefer: wait=<seconds> takes a whole number.')
  return { form: 'json', waitSeconds: Math.min(Number(wait), tunables.waitMaxSeconds) }
}
