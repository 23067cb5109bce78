import { pino } from 'pino'
import { newId } from '@shared/domain/ids'
import type { ClaimedRun } from '@shared/store/claimRuns'

export const silent = pino({ level: 'silent' })

/** A claimed run as the store returns it. */
export function claimedRun(more: Partial<ClaimedRun['run']> = {}): ClaimedRun {
  return {
    run: {
      id: newId('run'),
      organizationId: newId('organization'),
      runNo: 1,
      type: 'chat',
      epoch: 1,
      attempt: 1,
      leg: 0,
      failures: 0,
      agentVersionId: newId('agentVersion'),
      version: '1.0.0',
      metadata: {},
      nextItemNo: 1,
      deadlineAt: '2026-01-02T03:04:05.000Z',
      ...more,
    },
    session: {
      id: newId('session'),
      handle: 'h',
      agent: 'eliza',
      metadata: {},
      state: null,
      endUser: { id: newId('endUser'), externalId: null, metadata: {} },
    },
    memories: 0,
    inputs: [{ content: 'hello' }],
    toolResults: [],
    history: { items: [], whole: true },
    events: [],
  }
}

/** A promise that a test settles. */
export interface Deferred<Value> {
  promise: Promise<Value>
  resolve: (value: Value) => void
  reject: (error: unknown) => void
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve: Deferred<Value>['resolve'] = () => undefined
  let reject: Deferred<Value>['reject'] = () => undefined
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
