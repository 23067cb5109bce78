import { Completion } from '@shared/contracts/chatCompletions'
import { checkOf } from '@shared/contracts/validate'
import { AgentFailure, invalidOutput } from '../../agentFailure.ts'
import { parseJson } from '../../readFrames.ts'

const checkCompletion = checkOf(Completion)

/** Throws AgentFailure: for what is no completion, and for an error in the place of one. */
export function parseCompletion(text: string): Completion {
  const checked = checkCompletion(parseJson(text))
  if (!checked.ok) {
    const details = checked.details.map(({ path, message }) => ({ path, message }))
    throw invalidOutput('The endpoint sent something that is no chat completion.', details)
  }
  // Its words may hold what is not for end users; the beginning of the answer is kept with the attempt.
  if (checked.value.error !== undefined && checked.value.error !== null)
    throw new AgentFailure('model_error', 'The endpoint broke off with an error.', { retryable: true })
  return checked.value
}
