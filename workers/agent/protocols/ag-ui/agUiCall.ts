import type { AgentRequest } from '@shared/contracts/agentApi'
import type { AgUiSettings, AgentPolicy } from '@shared/domain/agents'
import { invalidOutput } from '../../agentFailure.ts'
import { type RequestParts, buildRequest, keepNewestRuns } from '../../buildRequest.ts'
import type { AgentCall } from '../../callAgentApp.ts'
import type { AnswerFormat } from '../../readAnswer.ts'
import { dataEvents } from '../dataEvents.ts'
import { isAnswer } from './endFrames.ts'
import { type EventReader, eventReader } from './readEvents.ts'
import { type RunNumbers, runAgentInput } from './runAgentInput.ts'

type Call = Required<Pick<AgentCall, 'body' | 'headers' | 'format'>>

/** A request to an agent app as one to an AG-UI agent, and how its answer is read; `runNo` is the run's. */
export function agUiCall(
  parts: RequestParts,
  limits: AgentPolicy['history'],
  runNo: number,
  settings: AgUiSettings,
): Call {
  const history = keepNewestRuns(parts.history, limits).map((item) => item.runNo)
  return agUiCallFor(buildRequest(parts, limits), { history, own: runNo }, settings)
}

/** The same of a request that is put together already. */
export function agUiCallFor(request: AgentRequest, numbers: RunNumbers, settings: AgUiSettings): Call {
  const input = runAgentInput(request, numbers, settings)
  const { apiKey } = settings
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
  }
  return { body: JSON.stringify(input), headers, format: formatFor(eventReader(request, input)) }
}

function formatFor({ read, endedEarly }: EventReader): AnswerFormat {
  return {
    stream: dataEvents(read),
    whole() {
      throw invalidOutput('The agent answered in one piece: an AG-UI agent answers with a stream of events.')
    },
    wanted: 'text/event-stream',
    endedEarly,
    isOutput: isAnswer,
  }
}
