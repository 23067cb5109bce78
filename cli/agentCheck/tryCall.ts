import type { AgentFrame } from '@shared/contracts/agentApi'
import { isObject } from '@shared/domain/json'
import { AgentFailure } from '@workers/agent/agentFailure'
import { type AnswerRecord, keptOf, newAnswerRecord } from '@workers/agent/answerRecord'
import { type RunResult, assembleRun } from '@workers/agent/assembleRun'
import { type AgentCall, callAgentApp } from '@workers/agent/callAgentApp'
import { createOutboundGuard } from '@shared/outbound/guard'

/** One call of an agent app. */
export interface Trial extends Pick<AgentCall, 'url' | 'body' | 'headers' | 'format'> {
  /** For the whole call, in ms. */
  totalMs: number
  /** Hangs up after so many frames. */
  hangUpAfter?: number
}

/** What came of it, as a worker sees it. Times in ms from the call. */
export interface Outcome {
  status: number | undefined
  frames: AgentFrame['name'][]
  ending: 'done' | 'pause' | 'goesOn' | 'hungUp' | AgentFailure
  result: RunResult | null
  version: string | undefined
  firstFrameMs: number | null
  endMs: number
  /** The longest time without a frame, and how many comments came in all. */
  silenceMs: number
  heartbeats: number
  /** Everything came at once, in one JSON object. */
  onePiece: boolean
}

/** Whoever tries an agent app may reach it wherever it is. */
const EVERYWHERE = createOutboundGuard(['0.0.0.0/0', '::/0'])

const HUNG_UP = new Error('hung up')

/** Calls an agent app with a worker's own means, so that what is good here is good there. */
export async function tryCall(trial: Trial): Promise<Outcome> {
  const record = newAnswerRecord()
  const frames: AgentFrame['name'][] = []
  const startedAt = performance.now()
  const since = () => performance.now() - startedAt
  const times: number[] = []
  const assembly = assembleRun({ sessionId: '', runId: '', runNo: 1, firstItemNo: 0, now: () => new Date() })
  const hangUp = new AbortController()
  let result: RunResult | null = null
  let version: string | undefined
  let ending: Outcome['ending'] | undefined
  const count = (name: AgentFrame['name']) => {
    times.push(since())
    frames.push(name)
    if (frames.length === trial.hangUpAfter) hangUp.abort(HUNG_UP)
  }
  try {
    const end = await callAgentApp(patient(trial, hangUp.signal), record, (frame) => {
      if (frame.name === 'version') version = frame.data.version
      assembly.take(frame)
      count(frame.name)
    })
    if (end.name === 'done') result = assembly.done(trial.format?.isOutput)
    if (end.name === 'pause') result = assembly.pause()
    if (end.name === 'goesOn') times.push(since())
    else count(end.name)
    ending = end.name
  } catch (error) {
    if (error !== HUNG_UP && !(error instanceof AgentFailure)) throw error
    ending = error instanceof AgentFailure ? error : 'hungUp'
  }
  const text = textOf(record)
  return {
    status: record.status,
    frames,
    ending: ending ?? 'hungUp',
    result,
    version,
    firstFrameMs: times[0] ?? null,
    endMs: since(),
    silenceMs: Math.max(0, ...[...times, since()].map((time, index) => time - (times[index - 1] ?? 0))),
    heartbeats: text.match(/^:/gm)?.length ?? 0,
    onePiece: isOnePiece(text),
  }
}

function patient({ hangUpAfter: _hangUpAfter, totalMs, ...call }: Trial, signal: AbortSignal): AgentCall {
  const timeouts = { connectMs: 5_000, idleMs: Math.min(60_000, totalMs), totalMs }
  return { ...call, guard: EVERYWHERE, timeouts, signal, now: () => new Date() }
}

function textOf(record: AnswerRecord): string {
  return new TextDecoder().decode(keptOf(record))
}

/** Of an answer only the beginning may be known: a line of NDJSON has an event, an answer in one piece has none. */
function isOnePiece(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false
  try {
    const value: unknown = JSON.parse(text.trimStart().split('\n', 1)[0] ?? '')
    return !isObject(value) || value.event === undefined
  } catch {
    return true
  }
}
