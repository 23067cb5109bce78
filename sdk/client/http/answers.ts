import {
  type Acceptance,
  type AgentSummary,
  type Item,
  type Memory,
  type MemoryTopic,
  type Page,
  type Run,
  type Score,
  type Session,
  type SessionAcceptance,
  type TokenGrant,
  isObject,
} from '@agentview/contracts'
import type { Reading } from './api.ts'

/**
 * Answers by their kind. The server's contract says the rest; here it is only told apart from what some proxy or another
 * server might answer.
 */
function having<T extends object>(...members: (keyof T & string)[]): Reading<T> {
  const isSuch = (body: unknown): body is T => isObject(body) && members.every((member) => member in body)
  return (body) => (isSuch(body) ? body : null)
}

export const readSession = having<Session>('id', 'agent', 'lastSeq')
export const readRun = having<Run>('id', 'sessionId', 'status')
export const readScore = having<Score>('id', 'itemId', 'value')
export const readAcceptance = having<Acceptance>('run', 'item', 'seq')
export const readSessionAcceptance = having<SessionAcceptance>('run', 'item', 'seq', 'session')
export const readGrant = having<TokenGrant>('token', 'refreshToken', 'expiresAt', 'endUser')
export const readSessions = having<Page<Session>>('data', 'nextCursor')
export const readItems = having<Page<Item>>('data', 'nextCursor')
export const readAgents = having<Page<AgentSummary>>('data', 'nextCursor')
export const readMemory = having<Memory>('id', 'endUserId', 'content')
export const readMemories = having<Page<Memory>>('data', 'nextCursor')
export const readTopics = having<{ data: MemoryTopic[] }>('data')
/** Of an answer without a body. */
export const readNothing: Reading<true> = () => true
