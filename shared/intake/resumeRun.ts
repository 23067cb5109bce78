import { sayCommitted } from '@shared/broker/sayCommitted'
import type { ResumeRun } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { type CallAnswer, resumeRun as resume } from '@shared/store/resumeRun'
import { findRun } from '@shared/store/runs'
import { type Talker, scopeOf } from './caller.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'

/**
 * Answers calls of a paused run; once all are answered it goes on. The same answers again are answered with the run as it
 * is: a client that lost the answer asks again.
 */
export async function resumeRun(tools: IntakeTools, caller: Talker, runId: string, request: ResumeRun): Promise<Run> {
  const run = await findRun(tools.db, scopeOf(caller), runId)
  if (!run) throw notFound('run')
  const results = answersOf(request)
  const outcome = await resume(tools.db, { sessionId: run.sessionId, runId, pauseId: request.pauseId, results })
  switch (outcome.outcome) {
    case 'resumed':
      if (armed) await failpoint('resume.committed', { sessionId: run.sessionId, runId })
      sayCommitted(tools.broker, tools.log, outcome.events, [runId])
      break
    case 'waiting':
      break
    case 'not_paused':
      throw new AgentViewError(
        'not_paused',
        'The run does not wait in this pause (any more): read the run for what it waits for.',
      )
    case 'already_resolved':
      throw new AgentViewError('already_resolved', 'A call of this pause has been answered otherwise already.')
    case 'unknown_call':
      throw refused(`The pause has no call "${outcome.callId}": answer the calls that it names.`)
    case 'absent':
      throw notFound('run')
  }
  const now = await findRun(tools.db, scopeOf(caller), runId)
  if (!now) throw notFound('run')
  return now
}

/** Results and decisions by call; each call once. */
function answersOf({ toolResults = [], approvals = [] }: ResumeRun): Record<string, CallAnswer> {
  const answers = new Map<string, CallAnswer>()
  for (const { callId, ...answer } of [...toolResults, ...approvals]) {
    if (answers.has(callId)) throw refused(`The call "${callId}" is answered twice: answer each call once.`)
    if ('output' in answer) refuseLarge('/toolResults', answer.output, tunables.itemBytes)
    answers.set(callId, answer)
  }
  if (answers.size === 0) throw refused('Answer at least one call: send toolResults or approvals.')
  return Object.fromEntries(answers)
}

function refused(message: string): AgentViewError {
  return new AgentViewError('invalid_request', message)
}
