import type { Response } from 'express'
import { type ClientMessage, RunAgentInput } from '@shared/contracts/agUi'
import { checkOf } from '@shared/contracts/validate'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { isObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { type RunSink, subscribeRun } from '@shared/delivery/runFeed'
import { streamTo } from '@shared/delivery/streamTo'
import { type Talker, rightOf, scopeOf } from '@shared/intake/caller'
import { mismatch } from '@shared/intake/requestKey'
import { resumeRun } from '@shared/intake/resumeRun'
import { readLastSeqs } from '@shared/store/readEvents'
import { findRun, readItemsOfRun } from '@shared/store/runs'
import { agentName } from '../agentName.ts'
import { checked } from '../checkBody.ts'
import type { InteropTools } from '../interopTools.ts'
import { type History, readHistory } from '../readHistory.ts'
import type { TalkerHandler } from '../serveTalker.ts'
import { acceptMessages } from './acceptMessages.ts'
import { mergeMessages } from './mergeMessages.ts'
import { ABOUT, clientIdsOf, historyMessages } from './messages.ts'
import { answersFor, freshMessages } from './readInput.ts'
import { type Thread, findThread } from './threads.ts'
import { agUiWire, beginningOf } from './wire.ts'

const checkInput = checkOf(RunAgentInput)

/** Which run is told, from where on, and what it had made by then that stays. */
interface Told {
  run: Run
  after: number
  before: readonly Item[]
  /** The messages that began it just now. */
  fresh: readonly ClientMessage[]
}

/**
 *   thread ─▶ its session and history ─▶ what is new? ─▶ which run ─▶ what the client has to show ─▶ its events
 *     a run id that is known              ─▶ that run, from its beginning
 *     answers to a pause                  ─▶ the paused run goes on, from there
 *     messages of the user                ─▶ a new run
 *     nothing                             ─▶ the thread's last run, from its beginning: so a history is loaded, too
 */
export function runAgent(tools: InteropTools): TalkerHandler {
  const { db } = tools

  return async (caller, request, response, stay) => {
    stay()
    const agent = agentName(request.params['agent'])
    const asked = checked(checkInput, request.body)
    const thread = await findThread(db, caller, agent, asked)
    const history = thread.session ? await readHistory(db, thread.sessionId) : { runs: [], items: new Map() }
    const told = await whatToTell(tools, caller, agent, thread, history, asked)
    await stream(tools, caller, thread, history, asked, told, response)
  }
}

async function whatToTell(
  tools: InteropTools,
  caller: Talker,
  agent: string,
  thread: Thread,
  history: History,
  asked: RunAgentInput,
): Promise<Told> {
  const { runs, items } = history
  const fresh = freshMessages(asked.messages, new Set(runs.flatMap(clientIdsOf)))
  const known = runs.find((run) => clientRunOf(run) === asked.runId)
  if (known && fresh.length > 0) throw mismatch()
  if (known) return fromBeginning(known)
  const paused = runs.find(({ status }) => status === 'paused')
  const answers = paused && answersFor(paused, items.get(paused.id) ?? [], asked)
  if (answers && fresh.length > 0) {
    const text = 'Answer the calls of the pause first, and send the next message when the run has ended.'
    throw new AgentViewError('invalid_request', text)
  }
  if (answers) return goOn(tools, caller, paused, answers)
  if (fresh.length > 0) {
    const { runId, made } = await acceptMessages(tools, caller, agent, thread, asked, fresh)
    const run = made?.run ?? (await findRun(tools.db, scopeOf(caller), runId))
    if (!run) throw notFound('run')
    return { ...fromBeginning(run), fresh }
  }
  const last = runs.at(-1)
  if (last) return fromBeginning(last)
  throw new AgentViewError('invalid_request', 'There is nothing to run: end "messages" with a message of the user.')
}

async function goOn(
  tools: InteropTools,
  caller: Talker,
  paused: Run,
  answers: NonNullable<ReturnType<typeof answersFor>>,
): Promise<Told> {
  const { sessionId } = paused
  const [before, seqs] = await Promise.all([readItemsOfRun(tools.db, paused), readLastSeqs(tools.db, [sessionId])])
  const run = await resumeRun(tools, caller, paused.id, answers)
  // As long as calls wait for an answer nothing new comes: it is told what it waits for.
  return run.status === 'paused' ? fromBeginning(run) : { run, before, after: seqs.get(sessionId) ?? 0, fresh: [] }
}

function fromBeginning(run: Run): Told {
  return { run, after: 0, before: [], fresh: [] }
}

function clientRunOf({ metadata }: Run): unknown {
  return isObject(metadata[ABOUT]) ? metadata[ABOUT]['runId'] : undefined
}

async function stream(
  tools: InteropTools,
  caller: Talker,
  { session }: Thread,
  history: History,
  asked: RunAgentInput,
  { run, after, before, fresh }: Told,
  response: Response,
): Promise<void> {
  const { id: runId, sessionId, leg } = run
  const { messages, isOther } = mergeMessages(asked.messages, {
    history: historyMessages(after === 0 ? upTo(history, run) : history),
    isCut: (history.runs[0]?.runNo ?? 1) > 1,
    folded: new Set(history.runs.flatMap((one) => clientIdsOf(one).slice(0, -1))),
    retold: after === 0 ? runId : null,
    fresh: new Set(fresh.map(({ id }) => id)),
  })
  const { threadId, runId: clientRunId } = asked
  const about = { threadId, clientRunId, runId, sessionId, base: messages, before, leg, answers: answersIn(asked) }
  const state = session?.state ?? null
  const isNews = state !== null && JSON.stringify(state) !== JSON.stringify(asked.state)
  const wire = agUiWire(about, beginningOf(about, isOther, isNews ? state : undefined))
  const subscribe = (sink: RunSink) => subscribeRun(tools.feeds, tools.db, { id: runId, sessionId }, after, sink)
  await streamTo(response, tools.connections, rightOf(caller), subscribe, wire)
}

/** The history up to a run that is told from its beginning. What came later is told by the next run. */
function upTo({ runs, items }: History, { id, runNo }: Run): History {
  const inputs = (items.get(id) ?? []).filter(({ kind }) => kind === 'input')
  return { runs: runs.filter((one) => one.runNo <= runNo), items: new Map([...items, [id, inputs]]) }
}

function answersIn({ messages }: RunAgentInput): Map<string, { messageId: string; content: string }> {
  return new Map(
    messages.flatMap(({ id, role, toolCallId, content }) =>
      role === 'tool' && typeof toolCallId === 'string' && typeof content === 'string'
        ? [[toolCallId, { messageId: id, content }] as const]
        : [],
    ),
  )
}
