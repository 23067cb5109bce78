import type { AgentRequest } from '@shared/contracts/agentApi'
import type { AgUiSettings } from '@shared/domain/agents'
import type { Json, JsonObject } from '@shared/domain/json'
import { type AgUiMessage, type PlacedItem, agUiMessages } from './agUiMessages.ts'
import { type ResumeEntry, answerItems, resumeOf } from './interrupts.ts'

/** The protocol's version that is spoken here. */
const PROTOCOL_VERSION = '1.0'

/** Where the items of a request come from: the numbers of the runs of its history, one for each item, and its own. */
export interface RunNumbers {
  history: readonly number[]
  own: number
}

/** What an AG-UI agent is sent (https://docs.ag-ui.com/spec/1.0/basic/run-input). */
export interface RunAgentInput {
  threadId: string
  runId: string
  protocolVersion: string
  state: Json
  messages: AgUiMessage[]
  tools: { name: string; description: string; parameters: JsonObject }[]
  context: { description: string; value: string }[]
  forwardedProps: JsonObject
  resume?: ResumeEntry[]
}

/**
 * A session is a thread. An attempt of a run is a run: after a pause an AG-UI agent goes on by a new one, and one that is
 * tried again is a new one, too.
 */
export function runAgentInput(request: AgentRequest, numbers: RunNumbers, settings: AgUiSettings): RunAgentInput {
  const { run, session, toolResults, runItems, memories } = request
  const { state, ...aboutSession } = session
  const answers = answerItems(toolResults, runItems)
  const resume = resumeOf(answers)
  return {
    threadId: session.id,
    runId: `${run.id}:${run.attempt}`,
    protocolVersion: PROTOCOL_VERSION,
    state: state ?? {},
    messages: agUiMessages(placedItems(request, answers, numbers)),
    tools: (settings.tools ?? []).map(({ name, description = '', parameters = NO_PARAMETERS }) => {
      return { name, description, parameters }
    }),
    context: memories.map(({ topic, content }) => {
      return { description: `Remembered of the user${topic === undefined ? '' : `: ${topic}`}`, value: content }
    }),
    forwardedProps: { ...settings.forwardedProps, agentview: { run, session: aboutSession } },
    ...(resume.length > 0 && { resume }),
  }
}

const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} }

/** All items in order, each with its place: what began this run comes first in it, then what it has made, then answers. */
function placedItems(
  { items, inputs, runItems }: AgentRequest,
  answers: readonly JsonObject[],
  { history, own }: RunNumbers,
): PlacedItem[] {
  const counts = new Map<number, number>()
  const place = (data: JsonObject, runNo: number, isPast: boolean): PlacedItem => {
    const index = counts.get(runNo) ?? 0
    counts.set(runNo, index + 1)
    return { data, runNo, index, isPast }
  }
  const past = items.map((data, index) => place(data, history[index] ?? 0, true))
  return [...past, ...[...inputs, ...runItems, ...answers].map((data) => place(data, own, false))]
}
