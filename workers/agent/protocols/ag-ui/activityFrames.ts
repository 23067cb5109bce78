import type { AgentFrame } from '@shared/contracts/agentApi'
import type { JsonObject } from '@shared/domain/json'
import type { JsonPatchOperation } from '@shared/domain/jsonPatch'
import type { Patch } from '@shared/domain/patch'
import { warning } from './customFrame.ts'
import { type PatchedValue, patchedValue } from './sharedState.ts'

/** Activities of an answer: items whose `content` is replaced or patched until the run ends. */
export interface ActivityFrames {
  snapshot(id: string, more: JsonObject, content: JsonObject, replace: boolean): AgentFrame[]
  delta(id: string, operations: readonly JsonPatchOperation[]): AgentFrame[]
  has(id: string): boolean
}

export function activityFrames(spend: (work: number) => void): ActivityFrames {
  const contents = new Map<string, PatchedValue>()
  const keyOf = (id: string) => `activity ${id}`

  function change(id: string, patch: Patch): AgentFrame[] {
    const within = patch.map((operation) => ({ ...operation, path: `/content${operation.path}` }))
    return within.length === 0 ? [] : [{ name: 'item.delta', data: { id: keyOf(id), patch: within } }]
  }

  return {
    snapshot(id, more, content, replace) {
      const known = contents.get(id)
      if (!known) {
        contents.set(id, patchedValue('an activity', content, spend))
        return [{ name: 'item.start', data: { id: keyOf(id), item: { type: 'activity', id, ...more, content } } }]
      }
      if (!replace) return []
      known.replace(content)
      return change(id, [{ op: 'replace', path: '', value: content }])
    },
    delta(id, operations) {
      const changed = contents.get(id)?.patch(operations)
      if (!changed) return [warning('ACTIVITY_DELTA: no such activity was begun in this run')]
      return 'fault' in changed ? [warning(`ACTIVITY_DELTA: ${changed.fault}`)] : change(id, changed.patch)
    },
    has: (id) => contents.has(id),
  }
}
