import type { JsonObject } from '@shared/domain/json'
import type { Item, Run, Session } from '@shared/domain/objects'
import { textOf } from '../itemWords.ts'
import { runText } from './runText.ts'
import { type AgnoTool, answeredTool, awaitedTool, calledTool, stateOf } from './toolCalls.ts'

const STATUS: Record<Run['status'], string> = {
  queued: 'RUNNING',
  running: 'RUNNING',
  paused: 'PAUSED',
  completed: 'COMPLETED',
  failed: 'ERROR',
  cancelled: 'CANCELLED',
}

/** A run as Agno's history has it. Its clients leave out runs without events, so one stands for all. */
export function agnoRun(run: Run, items: readonly Item[], agent: string) {
  const status = STATUS[run.status]
  return {
    run_id: run.id,
    session_id: run.sessionId,
    agent_id: agent,
    status,
    run_input: items.flatMap(({ kind, data }) => (kind === 'input' ? [inputText(data)] : [])).join('\n\n'),
    content: runText(items),
    tools: [...toolsOf(items), ...(run.pause?.toolCalls ?? []).map((call) => awaitedTool(call, run.createdAt))],
    metrics: run.usage
      ? { input_tokens: run.usage.inputTokens ?? 0, output_tokens: run.usage.outputTokens ?? 0 }
      : null,
    events: [{ event: run.status === 'failed' ? 'RunError' : 'RunStarted', run_id: run.id }],
    created_at: run.createdAt,
  }
}

function inputText(data: JsonObject): string {
  return textOf(typeof data['content'] === 'string' ? data['content'] : data)
}

/** The calls of a run, each with its result where there is one. */
function toolsOf(items: readonly Item[]): AgnoTool[] {
  const tools: AgnoTool[] = []
  for (const { data, createdAt } of items) {
    const call = calledTool(data, createdAt)
    if (call) tools.push(call)
    const answered = answeredTool(data, tools)
    if (answered) tools[tools.findLastIndex(({ tool_call_id }) => tool_call_id === answered.tool_call_id)] = answered
  }
  return tools
}

/** A session as Agno's lists have it. */
export function agnoEntry({ id, title, createdAt, updatedAt }: Session) {
  return { session_id: id, session_name: title ?? '', created_at: createdAt, updated_at: updatedAt }
}

/** A session as Agno's clients read one. */
export function agnoSession(session: Session) {
  const { id, agent, endUserId, state, metadata } = session
  const entry = { ...agnoEntry(session), agent_session_id: id, user_id: endUserId, agent_id: agent }
  return { ...entry, session_state: stateOf(state), metadata, chat_history: null }
}
