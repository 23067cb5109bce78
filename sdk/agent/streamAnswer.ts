import { AgentError } from './agentError.ts'
import type { Agent } from './defineAgent.ts'
import { type Framing, type SentFrame, toFrame } from './frames.ts'
import type { AgentRequest } from './request.ts'

export interface Streaming {
  framing: Framing
  signal: AbortSignal
  heartbeatMs: number
  onError: (error: unknown) => void
}

/**
 * The chunks of an answer: each frame as soon as it is yielded, and a heartbeat whenever there was none for
 * `heartbeatMs`. Ends early, and lets the agent clean up, when the signal fires.
 */
export async function* streamAnswer(agent: Agent, request: AgentRequest, streaming: Streaming): AsyncGenerator<string> {
  const { framing, signal, heartbeatMs } = streaming
  if (signal.aborted) return
  const chunks = chunksOf(agent, request, streaming)
  // Not awaited: an agent that waits for something without looking at the signal would hold up its caller.
  const leave = () => void chunks.return(undefined)
  signal.addEventListener('abort', leave, { once: true })
  try {
    let next = chunks.next()
    for (;;) {
      const outcome = await within(next, heartbeatMs, signal)
      if (outcome === 'silent') yield framing.heartbeat
      else if (outcome === 'aborted' || outcome.done) return
      else {
        yield outcome.value
        next = chunks.next()
      }
    }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

/** Never throws: a failure becomes the last frame. */
async function* chunksOf(agent: Agent, request: AgentRequest, streaming: Streaming): AsyncGenerator<string> {
  const { framing, signal } = streaming
  try {
    if (agent.version !== undefined) yield framing.encode({ event: 'version', version: agent.version })
    for await (const yielded of agent.answer(request, { signal })) {
      const frame = toFrame(yielded)
      yield framing.encode(frame)
      if (frame.event === 'pause') return
    }
    yield framing.encode({ event: 'done' })
  } catch (error) {
    if (!signal.aborted) yield framing.encode(failure(error, streaming.onError))
  }
}

function failure(error: unknown, onError: (error: unknown) => void): SentFrame {
  if (error instanceof AgentError) {
    const { message, code, retryable } = error
    return { event: 'error', message, code, retryable }
  }
  onError(error)
  return { event: 'error', message: 'The agent failed.', code: 'agent_error', retryable: true }
}

/** The outcome of a promise, or that it takes longer than `ms`, or that the signal fired first. */
async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'silent' | 'aborted'> {
  let stop = () => {}
  const otherwise = new Promise<'silent' | 'aborted'>((resolve) => {
    const timer = setTimeout(resolve, ms, 'silent')
    const abort = () => resolve('aborted')
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  })
  try {
    return await Promise.race([promise, otherwise])
  } finally {
    stop()
  }
}
