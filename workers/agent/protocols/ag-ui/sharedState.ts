import type { AgentFrame } from '@shared/contracts/agentApi'
import type { Json } from '@shared/domain/json'
import { type JsonPatchOperation, applyJsonPatch } from '@shared/domain/jsonPatch'
import { type Patch, PatchError } from '@shared/domain/patch'
import { tunables } from '@shared/domain/tunables'
import { invalidOutput } from '../../agentFailure.ts'
import { BYTES_PER_WORK, growthOf, jsonBytes, refuseDeep, refuseLarge } from '../../answerLimits.ts'
import { warning } from './customFrame.ts'

/** A value that an answer changes by JSON Patch; its size and what the changes cost are bounded. */
export interface PatchedValue {
  value(): Json
  replace(value: Json): void
  /** What has changed, as a patch of ours; or why the patch doesn't fit: then nothing has. */
  patch(operations: readonly JsonPatchOperation[]): { patch: Patch } | { fault: string }
}

/** What all patches of one answer may cost together. */
export function workBudget(): (work: number) => void {
  let work = 0
  return (more) => {
    work += more
    if (work > tunables.agentAnswerWork)
      throw invalidOutput('The agent sent too many changes of something so large: send a snapshot.')
  }
}

export function patchedValue(what: string, first: Json, spend: (work: number) => void): PatchedValue {
  let current = first
  /** Its bytes, or more; measured anew when they pass the cap, since parts may have been replaced, or not fitted. */
  let most = jsonBytes(first)

  function grow(part: Patch, value: Json): void {
    refuseDeep(part)
    const growth = growthOf(part)
    spend(growth / BYTES_PER_WORK)
    most += growth
    if (most <= tunables.itemBytes) return
    most = jsonBytes(value) + growth
    spend(most / BYTES_PER_WORK)
    refuseLarge(what, most)
  }

  return {
    value: () => current,
    replace(value) {
      current = value
      most = jsonBytes(value)
      refuseLarge(what, most)
    },
    patch(operations) {
      try {
        const changed = applyJsonPatch(current, operations, spend, grow)
        current = changed.value
        return { patch: changed.patch }
      } catch (error) {
        if (!(error instanceof PatchError)) throw error
        return { fault: error.message }
      }
    },
  }
}

/** The session's state as the agent changes it; told once, at the end, as it counts only then. */
export function sharedState(first: Json, spend: (work: number) => void) {
  const state = patchedValue('a state', first, spend)
  let isChanged = false
  return {
    replace(value: Json): AgentFrame[] {
      state.replace(value)
      isChanged = true
      return []
    },
    patch(operations: readonly JsonPatchOperation[]): AgentFrame[] {
      const changed = state.patch(operations)
      if ('fault' in changed) return [warning(`STATE_DELTA: ${changed.fault}`)]
      isChanged = true
      return []
    },
    frames: (): AgentFrame[] => (isChanged ? [{ name: 'state', data: { state: state.value() } }] : []),
  }
}
