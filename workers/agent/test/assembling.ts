import type { SessionEvent } from '@shared/domain/events'
import { foldSession } from '@shared/domain/foldSession'
import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { type MakingFrame, type RunAssembly, type RunEvent, assembleRun } from '../assembleRun.ts'

export type Frame = MakingFrame

export const item = (data: JsonObject): Frame => ({ name: 'item', data: { item: data } })
export const start = (id: string, data: JsonObject): Frame => ({ name: 'item.start', data: { id, item: data } })
export const text = (delta: string, id?: string): Frame => ({ name: 'text', data: { delta, ...(id && { id }) } })
export const patch = (id: string, ...operations: (Frame & { name: 'item.delta' })['data']['patch']): Frame => ({
  name: 'item.delta',
  data: { id, patch: operations },
})
export const end = (id: string, data?: JsonObject): Frame => ({
  name: 'item.done',
  data: { id, ...(data && { item: data }) },
})

export const SESSION = newId('session')
export const RUN = newId('run')
export const AT = '2026-01-02T03:04:05.000Z'

export function newAssembly(firstItemNo = 1): RunAssembly {
  return assembleRun({ sessionId: SESSION, runId: RUN, runNo: 3, firstItemNo, now: () => new Date(AT) })
}

/** What these frames write into the log, before the end. */
export function takeAll(assembly: RunAssembly, frames: readonly Frame[]): RunEvent[] {
  return frames.flatMap((frame) => assembly.take(frame))
}

/** What readers of the log see. */
export function shown(events: readonly RunEvent[]): readonly Item[] {
  const place = { sessionId: SESSION, runId: RUN, attempt: 1, at: AT }
  return foldSession(events.map((event, index) => ({ ...event, ...place, seq: index + 1 }) as SessionEvent)).items
}

export const typesOf = (events: readonly RunEvent[]): string[] => events.map((event) => event.type)
