import type { PatchOperation } from '@shared/domain/patch'
import type { NewEvent } from '@shared/store/storeEvents'

/**
 * One list of events in which neighbouring deltas that append text at the same place of the same item are one: under
 * load deltas grow wider instead of more.
 */
export function mergeDeltas(first: readonly NewEvent[], second: readonly NewEvent[]): NewEvent[] {
  const merged = [...first]
  addMerged(merged, second)
  return merged
}

/** The same in place: what waits may be long, and is added to for every frame. */
export function addMerged(list: NewEvent[], more: readonly NewEvent[]): void {
  for (const event of more) {
    const joined = join(list.at(-1), event)
    if (joined) list[list.length - 1] = joined
    else list.push(event)
  }
}

function join(previous: NewEvent | undefined, next: NewEvent): NewEvent | null {
  if (previous?.type !== 'item.delta' || next.type !== 'item.delta' || previous.data.itemId !== next.data.itemId)
    return null
  const a = onlyTextAppend(previous.data.patch)
  const b = onlyTextAppend(next.data.patch)
  if (!a || !b || a.path !== b.path) return null
  return {
    type: 'item.delta',
    data: { itemId: next.data.itemId, patch: [{ op: 'append', path: a.path, value: a.value + b.value }] },
  }
}

function onlyTextAppend(patch: readonly PatchOperation[]): { path: string; value: string } | null {
  const [operation] = patch
  if (patch.length !== 1 || operation?.op !== 'append' || typeof operation.value !== 'string') return null
  return { path: operation.path, value: operation.value }
}
