import type { Request, Response } from 'express'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { uuidOf } from '@shared/domain/ids'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { type RunSink, subscribeRun } from '@shared/delivery/runFeed'
import { streamTo } from '@shared/delivery/streamTo'
import { beginSession } from '@shared/intake/beginSession'
import { type Talker, rightOf, scopeOf } from '@shared/intake/caller'
import { cancelRun } from '@shared/intake/cancelRun'
import { resumeRun } from '@shared/intake/resumeRun'
import { sendMessage } from '@shared/intake/sendMessage'
import { listAgents } from '@shared/store/agents'
import { readLastSeqs } from '@shared/store/readEvents'
import { findRun, readItemsOfRun } from '@shared/store/runs'
import { agentName } from '../agentName.ts'
import type { InteropTools } from '../interopTools.ts'
import { titleOf } from '../titleOf.ts'
import type { AgnoRoutes } from './agnoRoutes.ts'
import { readForm } from './readForm.ts'
import type { RunAbout } from './runEvents.ts'
import { answersIn } from './toolResults.ts'
import { agnoWire } from './wire.ts'

/** Agents, and their runs: begun, continued after a pause, read on, cancelled. */
export function runRoutes(tools: InteropTools): AgnoRoutes {
  const { db } = tools

  async function stream(caller: Talker, about: RunAbout, after: number, response: Response): Promise<void> {
    const run = { id: about.runId, sessionId: about.sessionId }
    const subscribe = (sink: RunSink) => subscribeRun(tools.feeds, db, run, after, sink)
    await streamTo(response, tools.connections, rightOf(caller), subscribe, agnoWire(about))
  }

  async function ownRun(caller: Talker, { params }: Request): Promise<Run> {
    const runId = String(params['runId'])
    const run = uuidOf('run', runId) && (await findRun(db, scopeOf(caller), runId))
    if (!run) throw notFound('run')
    return run
  }

  return {
    async 'get /agents'(caller) {
      const agents = await listAgents(db, caller.organizationId, null, { limit: tunables.listMax, order: 'asc' })
      return agents.map(({ name, definition }) => ({ id: name, name: definition.title ?? name }))
    },

    async 'get /teams'() {
      return []
    },

    async 'post /agents/:agent/runs'(caller, request, response, stay) {
      stay()
      const agent = agentName(request.params['agent'])
      const form = await readForm(request)
      const input = form.get('message')
      if (!input) throw new AgentViewError('invalid_request', 'Send a message.')
      const sessionId = form.get('session_id')
      const { runId, sessionId: into } = sessionId
        ? await sendMessage(tools, caller, checkedSession(sessionId), { input }, null)
        : await beginSession(tools, caller, { agent, input, title: titleOf(input) }, null)
      await stream(caller, { runId, sessionId: into, agent, before: null }, 0, response)
    },

    async 'post /agents/:agent/runs/:runId/continue'(caller, request, response, stay) {
      stay()
      const { id: runId, sessionId, pause } = await ownRun(caller, request)
      if (!pause) throw new AgentViewError('not_paused', 'The run does not wait for anything.')
      const answers = answersIn((await readForm(request)).get('tools') ?? '', pause.pauseId)
      const [before, seqs] = await Promise.all([
        readItemsOfRun(db, { id: runId, sessionId }),
        readLastSeqs(db, [sessionId]),
      ])
      await resumeRun(tools, caller, runId, answers)
      const about = { runId, sessionId, agent: String(request.params['agent']), before }
      await stream(caller, about, seqs.get(sessionId) ?? 0, response)
    },

    async 'post /agents/:agent/runs/:runId/resume'(caller, request, response, stay) {
      stay()
      const { id: runId, sessionId } = await ownRun(caller, request)
      await stream(caller, { runId, sessionId, agent: String(request.params['agent']), before: null }, 0, response)
    },

    async 'post /agents/:agent/runs/:runId/cancel'(caller, request) {
      const { id } = await ownRun(caller, request)
      await cancelRun(tools, caller, id)
      return {}
    },
  }
}

/** An id of another kind is nobody's session. */
function checkedSession(sessionId: string): string {
  if (uuidOf('session', sessionId) === null) throw notFound('session')
  return sessionId
}
