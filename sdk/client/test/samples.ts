import type { Item, Run, SessionEvent } from '@agentview/contracts'
import type { PendingMessage } from '../messages/outbox.ts'

const AT = '2026-01-01T00:00:00.000Z'

export function itemOf(runNo: number, itemNo: number, content: string, more: Partial<Item> = {}): Item {
  return {
    ...{ id: `itm_${runNo}_${itemNo}`, sessionId: 'ses_1', runId: `run_${runNo}`, runNo, itemNo, createdAt: AT },
    ...{ kind: itemNo === 0 ? 'input' : 'output', status: 'complete' },
    data: { type: 'message', role: itemNo === 0 ? 'user' : 'assistant', content },
    ...more,
  }
}

export function runOf(runNo: number, status: Run['status'], more: Partial<Run> = {}): Run {
  return {
    ...{ id: `run_${runNo}`, sessionId: 'ses_1', runNo, type: 'chat', status, leg: 0, version: '1.0.0' },
    ...{ metadata: {}, attempts: [], createdAt: AT, ...more },
  }
}

export function eventOf<Type extends SessionEvent['type']>(
  seq: number,
  type: Type,
  data: Extract<SessionEvent, { type: Type }>['data'],
): SessionEvent {
  return { seq, type, sessionId: 'ses_1', at: AT, data } as SessionEvent
}

export function pendingOf(key: string, input: string, more: Partial<PendingMessage> = {}): PendingMessage {
  return { key, input, options: {}, target: { sessionId: 'ses_1' }, createdAt: AT, ...more }
}
