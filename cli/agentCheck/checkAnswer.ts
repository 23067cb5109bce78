import type { CheckedProtocol } from './checkedProtocols.ts'
import { adviceOn, failureOf, seenOf } from './failures.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './tryCall.ts'

/** Longer than this without a word, some proxy on the way may hang up. */
const SILENCE_MS = 20_000
/** People wait for the first words. */
const SLOW_MS = 5_000

/** What the answer to a plain, well-signed message says of an agent app. */
export function judgeAnswer(outcome: Outcome, protocol: CheckedProtocol): Finding[] {
  const failure = failureOf(outcome)
  if (failure) {
    const advice = adviceOn(failure, outcome.status, protocol)
    return [{ check: 'answers', verdict: 'bad', seen: seenOf(failure), advice }]
  }
  if (outcome.ending === 'goesOn') return [judgeHandedOver(outcome)]
  return [
    judgeEnding(outcome),
    judgeFrames(outcome),
    // AG-UI has no word for it.
    ...(protocol === 'agentview' ? [judgeVersion(outcome)] : []),
    judgeTiming(outcome),
    judgeSilence(outcome),
  ]
}

function judgeHandedOver({ endMs }: Outcome): Finding {
  const seen = `202 after ${milliseconds(endMs)}: it goes on by itself.`
  const advice = 'Its pushes can only be seen by the AgentView that it pushes to (docs/agents.md, "Take long").'
  return { check: 'answers', verdict: 'good', seen, advice }
}

function judgeEnding({ ending, result, status }: Outcome): Finding {
  const items = result?.items.length ?? 0
  const ends = ending === 'pause' ? 'pauses' : 'ends with an output'
  return { check: 'answers', verdict: 'good', seen: `${status}, ${ends}, ${items} ${items === 1 ? 'item' : 'items'}.` }
}

function judgeFrames({ onePiece, frames }: Outcome): Finding {
  const check = 'streams'
  if (onePiece) {
    const advice = 'People see nothing until all is said: text/event-stream shows each word as it comes.'
    return { check, verdict: 'doubtful', seen: 'It answers in one piece.', advice }
  }
  return { check, verdict: 'good', seen: `${frames.length} frames, all valid: ${counted(frames)}.` }
}

function judgeVersion({ version }: Outcome): Finding {
  const check = 'version'
  if (version !== undefined) return { check, verdict: 'good', seen: `It reports ${version}.` }
  const advice = 'A first frame "version" would show in each attempt which release has answered.'
  return { check, verdict: 'doubtful', seen: 'It does not say which version it is.', advice }
}

function judgeTiming({ firstFrameMs, endMs }: Outcome): Finding {
  const seen = `First frame after ${milliseconds(firstFrameMs ?? endMs)}, the end after ${milliseconds(endMs)}.`
  const slow = (firstFrameMs ?? endMs) > SLOW_MS
  const advice = 'Send "version" or an item at once, so that the page shows that something happens.'
  return { check: 'timing', verdict: slow ? 'doubtful' : 'good', seen, ...(slow && { advice }) }
}

function judgeSilence({ silenceMs, heartbeats }: Outcome): Finding {
  const seen = `${milliseconds(silenceMs)} without a frame at most, ${heartbeats} heartbeats.`
  const silent = silenceMs > SILENCE_MS && heartbeats === 0
  const advice = 'Send a comment line (":") every 15 s: after timeouts.idleMs (60 s) it counts as lost.'
  return { check: 'heartbeat', verdict: silent ? 'doubtful' : 'good', seen, ...(silent && { advice }) }
}

export function milliseconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

function counted(frames: readonly string[]): string {
  return [...new Set(frames)].map((name) => `${frames.filter((one) => one === name).length} ${name}`).join(', ')
}
