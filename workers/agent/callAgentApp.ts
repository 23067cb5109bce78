import { Agent, type Dispatcher, request } from 'undici'
import type { CallTimeouts } from '@shared/domain/agents'
import type { AgentFrame } from '@shared/contracts/agentApi'
import { retryAfterMs } from '@shared/domain/retry'
import { tunables } from '@shared/domain/tunables'
import { AgentFailure, invalidOutput } from './agentFailure.ts'
import { giveWay } from './giveWay.ts'
import { watchCall } from './watchCall.ts'
import { type FrameParser, framesOfAnswer, ndjsonParser, sseParser } from './readFrames.ts'
import { lineReader } from './readLines.ts'

/**
 *   callAgentApp ─▶ post ─▶ readAnswer ─▶ streamed: lineReader ─▶ parser ─▶ frames
 *                                    └──▶ one piece: framesOfAnswer
 * Every way that an agent app can fail comes out as an AgentFailure that says whether to try again.
 */

export interface AgentCall {
  url: string
  headers: Record<string, string>
  body: string
  timeouts: CallTimeouts
  /** Aborts the call; its reason is what the generator throws. */
  signal: AbortSignal
  /** What firstByteAt and a Retry-After date are told by. */
  now: () => Date
}

/** What is kept of an answer, filled in while it comes. */
export interface AnswerRecord {
  status?: number
  bytes: number
  firstByteAt?: Date
  /** The first bytes, up to `tunables.keptResponseBytes`. */
  kept: Uint8Array[]
  keptBytes: number
}

export function newAnswerRecord(): AnswerRecord {
  return { bytes: 0, kept: [], keptBytes: 0 }
}

/** Connections to agent apps, kept alive and shared by all runs of a process; one set for each connect timeout. */
const pools = new Map<number, Agent>()

function poolFor(connectMs: number): Agent {
  const known = pools.get(connectMs)
  if (known) return known
  const pool = new Agent({
    connect: { timeout: connectMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  })
  pools.set(connectMs, pool)
  return pool
}

/** Closes the connections to all agent apps; for the end of a process. */
export async function closeAgentConnections(): Promise<void> {
  const open = [...pools.values()]
  pools.clear()
  await Promise.all(open.map((pool) => pool.destroy()))
}

/** A frame of an answer; or that the agent app has answered 202: it goes on by itself. */
export type CallFrame = AgentFrame | { name: 'goesOn' }

/** Calls an agent app and yields the frames of its answer as they come; the last one is `done`, `pause` or `goesOn`. */
export async function* callAgentApp(call: AgentCall, record: AnswerRecord): AsyncGenerator<CallFrame> {
  const watch = watchCall(call.timeouts, call.signal)
  const othersTurn = giveWay()
  let finished: Dispatcher.ResponseData | null = null
  try {
    const response = await post(call, watch.signal)
    watch.alive()
    record.status = response.statusCode
    record.firstByteAt = call.now()
    if (response.statusCode === 202) {
      finished = response
      yield { name: 'goesOn' }
      return
    }
    if (response.statusCode !== 200) {
      const failure = await refusal(response, record, call.now())
      finished = response
      throw failure
    }
    for await (const frame of readAnswer(response, record, watch.alive)) {
      if (endsLeg(frame)) finished = response
      yield frame
      await othersTurn()
      watch.signal.throwIfAborted()
    }
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason
    if (error instanceof AgentFailure) throw error
    if (watch.signal.aborted) throw watch.signal.reason
    throw brokenConnection(error)
  } finally {
    watch.stop()
    // Whoever stops reading early must not leave the answer running.
    if (finished && !call.signal.aborted) release(finished, record, watch.abort)
    else watch.abort()
  }
}

const REST_MS = 1_000
const REST_BYTES = 16_384

/** Reads what is left of an answer that has said all, so that its connection can be used again; gives up one that goes on. */
function release(response: Dispatcher.ResponseData, record: AnswerRecord, abort: () => void): void {
  const timer = setTimeout(abort, REST_MS).unref()
  response.body
    .dump({ limit: record.bytes + REST_BYTES })
    .catch(() => undefined)
    .finally(() => clearTimeout(timer))
}

async function post(call: AgentCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  try {
    return await request(call.url, {
      method: 'POST',
      headers: call.headers,
      body: call.body,
      signal,
      dispatcher: poolFor(call.timeouts.connectMs),
    })
  } catch (error) {
    if (signal.aborted) throw error
    throw brokenConnection(error)
  }
}

async function* readAnswer(
  response: Dispatcher.ResponseData,
  record: AnswerRecord,
  alive: () => void,
): AsyncGenerator<AgentFrame> {
  const type = String(response.headers['content-type'] ?? '')
    .split(';')[0]!
    .trim()
    .toLowerCase()
  if (type === 'application/json') {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytesOf(response, record)) chunks.push(chunk)
    yield* framesOfAnswer(decodeWhole(Buffer.concat(chunks)))
  } else if (type === 'text/event-stream') yield* readStream(response, record, sseParser(), alive)
  else if (type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl') {
    yield* readStream(response, record, ndjsonParser(), alive)
  } else {
    throw invalidOutput(
      `The agent app answered with the content type "${type}": application/json, text/event-stream or application/x-ndjson is wanted.`,
    )
  }
}

async function* readStream(
  response: Dispatcher.ResponseData,
  record: AnswerRecord,
  parser: FrameParser,
  alive: () => void,
): AsyncGenerator<AgentFrame> {
  const lines = lineReader(tunables.streamLineBytes)
  for await (const chunk of bytesOf(response, record)) {
    const whole = lines.push(chunk)
    if (whole.length > 0) alive()
    for (const line of whole) {
      for (const frame of parser.line(line)) {
        yield frame
        if (endsLeg(frame)) return
      }
    }
  }
  for (const frame of lastFrames(lines, parser)) {
    yield frame
    if (endsLeg(frame)) return
  }
  throw endedEarly()
}

function endsLeg(frame: AgentFrame): boolean {
  return frame.name === 'done' || frame.name === 'pause'
}

/** A last frame may lack its line ends. What can't be read there was cut off: it says nothing about the agent app. */
function lastFrames(lines: ReturnType<typeof lineReader>, parser: FrameParser): AgentFrame[] {
  try {
    return [...lines.end(), ''].flatMap((line) => parser.line(line))
  } catch {
    throw endedEarly()
  }
}

function endedEarly(): AgentFailure {
  return new AgentFailure('agent_disconnected', 'The agent app’s stream ended without "done", "pause" or "error".', {
    retryable: true,
  })
}

async function* bytesOf(response: Dispatcher.ResponseData, record: AnswerRecord): AsyncGenerator<Uint8Array> {
  // Left open when its reader has had enough: what becomes of it is decided where the call ends.
  for await (const part of response.body.iterator({ destroyOnReturn: false })) {
    const chunk: Uint8Array = part
    record.bytes += chunk.length
    const room = tunables.keptResponseBytes - record.keptBytes
    if (room > 0) {
      record.kept.push(chunk.subarray(0, room))
      record.keptBytes += Math.min(room, chunk.length)
    }
    if (record.bytes > tunables.agentAnswerBytes) {
      throw invalidOutput(`The agent app sent more than ${tunables.agentAnswerBytes} bytes.`)
    }
    yield chunk
  }
}

const RETRYABLE_STATUS = new Set([408, 425, 429])

/** Only the status is told on: a body may hold what is not for end users. Its beginning is kept with the attempt. */
async function refusal(response: Dispatcher.ResponseData, record: AnswerRecord, now: Date): Promise<AgentFailure> {
  const status = response.statusCode
  try {
    for await (const _chunk of bytesOf(response, record)) if (record.bytes > tunables.keptResponseBytes) break
  } catch {
    // The status says enough.
  }
  return new AgentFailure('agent_status', `The agent app answered ${status}`, {
    retryable: status >= 500 || RETRYABLE_STATUS.has(status),
    retryAfterMs: retryAfterMs(response.headers['retry-after'], now.getTime()),
  })
}

function brokenConnection(error: unknown): AgentFailure {
  if (error instanceof AgentFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const unreachable = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT/.test(
    `${code} ${text}`,
  )
  return unreachable
    ? new AgentFailure('agent_unreachable', `The agent app can't be reached (${code || text}).`, { retryable: true })
    : new AgentFailure('agent_disconnected', `The connection to the agent app broke (${code || text}).`, {
        retryable: true,
      })
}

function decodeWhole(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalidOutput('The agent app sent bytes that are not UTF-8.')
  }
}
