import type { AgentFrame, AgentRequest } from '@shared/contracts/agentApi'
import type { AgUiSettings } from '@shared/domain/agents'
import type { JsonObject } from '@shared/domain/json'
import { request } from '../../../../sdk/agent/test/serving.ts'
import { type Said, eventsOf, text, toolCall } from '../../../../test/server/agUiAgent.ts'
import { AgentFailure } from '../../agentFailure.ts'
import { type RunResult, assembleRun } from '../../assembleRun.ts'
import { isAnswer } from '../../protocols/ag-ui/endFrames.ts'
import { type EventReader, eventReader } from '../../protocols/ag-ui/readEvents.ts'
import { type RunAgentInput, runAgentInput } from '../../protocols/ag-ui/runAgentInput.ts'
import type { Outcome } from '../hostileServer.ts'

export { type Said, text, toolCall }

export interface Situation extends Partial<Pick<AgentRequest, 'runItems' | 'toolResults' | 'items' | 'memories'>> {
  state?: AgentRequest['session']['state']
  tools?: string[]
}

/** What an agent of a test is sent, and the reader of its answer. */
export function situation({ state = null, tools = [], ...more }: Situation = {}): {
  input: RunAgentInput
  reader: EventReader
} {
  const asked: AgentRequest = { ...request, items: [], ...more, session: { ...request.session, state } }
  const settings: AgUiSettings = { tools: tools.map((name) => ({ name })) }
  const history = asked.items.map(() => 1)
  const input = runAgentInput(asked, { history, own: 2 }, settings)
  return { input, reader: eventReader(asked, input) }
}

/** Just these events; runs are ours unless they are named. */
export function framesOf(sends: Said[], about?: Situation): AgentFrame[] {
  const { input, reader } = situation(about)
  return eventsOf({ sends }, input).flatMap((event) => reader.read(JSON.stringify(event)))
}

/** What these events break. */
export function failureOf(sends: Said[], about?: Situation): AgentFailure {
  const assembly = newAssembly()
  try {
    const frames = framesOf(sends, about)
    for (const frame of frames) if (frame.name !== 'done' && frame.name !== 'pause') assembly.take(frame)
  } catch (error) {
    if (error instanceof AgentFailure) return error
    throw error
  }
  throw new Error('nothing was wrong')
}

export interface Leg {
  /** All items, and the output among them. */
  items: JsonObject[]
  output?: JsonObject
  pause?: JsonObject[]
  customs: { name: string; data: unknown }[]
  state?: unknown
  usage?: unknown
}

/** What becomes of a whole run of these events, within RUN_STARTED and RUN_FINISHED, as a worker assembles it. */
export function legOf(says: Said[], end: object = {}, about?: Situation): Leg {
  return legOfFrames(framesOf([{ type: 'RUN_STARTED' }, ...says, { type: 'RUN_FINISHED', ...end }], about))
}

export function legOfFrames(frames: Outcome['frames']): Leg {
  const assembly = newAssembly()
  const customs: Leg['customs'] = []
  for (const frame of frames) {
    if (frame.name === 'goesOn') throw new Error('the agent goes on by itself')
    if (frame.name === 'done') return legFrom(assembly.done(isAnswer), customs)
    if (frame.name === 'pause') return { ...legFrom(assembly.pause(), customs), pause: frame.data.toolCalls }
    if (frame.name === 'custom') customs.push(frame.data)
    assembly.take(frame)
  }
  throw new Error('the run did not end')
}

function legFrom({ items, state, usage }: RunResult, customs: Leg['customs']): Leg {
  const output = items.find(({ kind }) => kind === 'output')?.data
  return {
    items: items.map(({ data }) => data),
    customs,
    ...(output && { output }),
    ...(state !== undefined && { state }),
    ...(usage && { usage }),
  }
}

function newAssembly() {
  return assembleRun({ sessionId: '', runId: '', runNo: 1, firstItemNo: 1, now: () => new Date() })
}
