import { type Approval, type ResumeRequest, type ToolResult, isObject } from '@agentview/contracts'

/** The answer to one call: a tool's result, or a person's decision. */
export type CallAnswer = ToolResult | Approval

/** As the body of a resume. Each call is answered by itself: one that another tab has answered must not hold up the rest. */
export function resumeWith(pauseId: string, answer: CallAnswer): ResumeRequest {
  return 'approved' in answer ? { pauseId, approvals: [answer] } : { pauseId, toolResults: [answer] }
}

/** True for a kept answer, as `stored` asks. */
export function isCallAnswer(value: unknown): value is CallAnswer {
  return (
    isObject(value) && typeof value.callId === 'string' && ('output' in value || typeof value.approved === 'boolean')
  )
}
