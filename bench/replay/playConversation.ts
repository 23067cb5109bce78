import type { Conversation, RecordedTurn } from './conversations.ts'
import type { SessionView } from '@shared/domain/foldSession'
import { isEnded } from '@shared/domain/runStates'
import type { ApiClient } from '../client/apiClient.ts'
import { createSession, getSession, sendMessage, signIn } from '../client/calls.ts'
import { compareSession } from '../client/compareSession.ts'
import { compareTurn } from './compareTurn.ts'
import type { Difference, Mismatch } from '../client/difference.ts'
import { limits } from '../client/limits.ts'
import { SessionReader } from '../client/sessionReader.ts'

// playConversation   sign in, create a session, open one reader for all of it
//   ├─ playTurn      POST → wait for the run's end in the events → compare with the recording
//   └─ checkSession  GET session → wait for its last event → compare with what was folded

/** The name under which examples/replay is published. */
const AGENT = 'replay'

export interface Target {
  api: ApiClient
  /** Where events are read: the API's own address, or that of the realtime process. */
  eventsUrl: string
  publishableKey: string
}

/** In milliseconds, from the moment the message is first sent. `firstText` is null when a snapshot skipped it. */
export interface TurnLatency {
  firstText: number | null
  end: number
}

export interface ConversationResult {
  id: string
  turns: TurnLatency[]
  reconnects: number
  mismatches: Mismatch[]
  /** Why it could not be played to its end, or null. */
  failure: string | null
}

interface Playing {
  target: Target
  token: string
  sessionId: string
  reader: SessionReader
  /** How many of the reader's faults are in the result already. */
  faultsSeen: number
}

/** Plays one conversation as a new anonymous end user and compares all that comes back. Never throws. */
export async function playConversation(
  conversation: Conversation,
  target: Target,
  onTurn: () => void,
): Promise<ConversationResult> {
  const result: ConversationResult = { id: conversation.id, turns: [], reconnects: 0, mismatches: [], failure: null }
  const note = (turn: number | null, differences: Difference[]) =>
    result.mismatches.push(...differences.map((found) => ({ conversation: conversation.id, turn, ...found })))
  let playing: Playing | undefined
  let turnNo = 0
  try {
    playing = await begin(conversation, target)
    for (const turn of conversation.turns) {
      turnNo++
      result.turns.push(await playTurn(playing, turn, turnNo, note))
      onTurn()
    }
    note(null, await checkSession(playing))
  } catch (error) {
    result.failure = `${turnNo === 0 ? 'before turn 1' : `turn ${turnNo}`}: ${error instanceof Error ? error.message : String(error)}`
  } finally {
    await playing?.reader.close()
  }
  if (playing) note(null, newFaults(playing))
  return { ...result, reconnects: playing?.reader.reconnects ?? 0 }
}

async function begin(conversation: Conversation, target: Target): Promise<Playing> {
  const token = await signIn(target.api, target.publishableKey)
  const sessionId = await createSession(target.api, token, AGENT, { conversation })
  const reader = new SessionReader({ urls: [target.eventsUrl], token, sessionId })
  return { target, token, sessionId, reader, faultsSeen: 0 }
}

async function playTurn(
  playing: Playing,
  turn: RecordedTurn,
  turnNo: number,
  note: (turn: number, differences: Difference[]) => void,
): Promise<TurnLatency> {
  const { target, token, sessionId, reader } = playing
  const sentAt = performance.now()
  const accepted = await sendMessage(target.api, token, sessionId, { input: turn.user })
  await reader.until((view) => hasEnded(view, accepted.runId), limits.turn, `the end of ${accepted.runId}`)
  note(turnNo, [...newFaults(playing), ...compareTurn(reader.log.view, accepted, turn, turnNo)])
  const { firstTextAt, endedAt = performance.now() } = reader.log.seen(accepted.runId)
  return { firstText: firstTextAt === undefined ? null : firstTextAt - sentAt, end: endedAt - sentAt }
}

function hasEnded(view: SessionView, runId: string): boolean {
  return view.runs.some((run) => run.id === runId && isEnded(run.status))
}

async function checkSession({ target, token, sessionId, reader }: Playing): Promise<Difference[]> {
  const session = await getSession(target.api, token, sessionId)
  await reader.until(
    (view) => view.seq >= session.lastSeq,
    limits.catchUp,
    `event ${session.lastSeq}, the session's last`,
  )
  return compareSession(reader.log.view, session)
}

function newFaults(playing: Playing): Difference[] {
  const { faults } = playing.reader.log
  const found = faults.slice(playing.faultsSeen)
  playing.faultsSeen = faults.length
  return found
}
