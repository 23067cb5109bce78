import { type Json, isObject } from './json.ts'
import { type Patch, PatchError, applyPatch, parsePointer } from './patch.ts'

/** One operation of a JSON Patch (RFC 6902). */
export type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: Json }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; from: string; path: string }

/**
 * The value after a JSON Patch, and the same as a patch of ours, which has no `move`, `copy` and `test`: what they refer to
 * is looked up. All of it or nothing: throws PatchError when an operation doesn't fit. `spend` as for `applyPatch`; `grow`
 * is told each part, and the value that it is for, before it is applied, and may throw: a copy weighs little where it is
 * sent.
 */
export function applyJsonPatch(
  value: Json,
  operations: readonly JsonPatchOperation[],
  spend: (work: number) => void = () => undefined,
  grow: (part: Patch, value: Json) => void = () => undefined,
): { value: Json; patch: Patch } {
  const patch: Patch = []
  let result = value
  for (const operation of operations) {
    const part = asPatch(result, operation, spend)
    grow(part, result)
    result = applyPatch(result, part, spend)
    patch.push(...part)
  }
  return { value: result, patch }
}

function asPatch(value: Json, operation: JsonPatchOperation, spend: (work: number) => void): Patch {
  switch (operation.op) {
    case 'add':
    case 'replace':
      return [{ op: operation.op, path: operation.path, value: operation.value }]
    case 'remove':
      return [{ op: 'remove', path: operation.path }]
    case 'copy':
      return [{ op: 'add', path: operation.path, value: valueAt(value, operation.from) }]
    case 'move':
      if (operation.path.startsWith(`${operation.from}/`))
        throw new PatchError(`${operation.from}: can not be moved into itself`)
      return [
        { op: 'remove', path: operation.from },
        { op: 'add', path: operation.path, value: valueAt(value, operation.from) },
      ]
    case 'test':
      if (isEqual(valueAt(value, operation.path), operation.value, spend)) return []
      throw new PatchError(`${operation.path}: is not as it should be`)
  }
}

function valueAt(value: Json, pointer: string): Json {
  let found: Json | undefined = value
  for (const key of parsePointer(pointer)) {
    const isIndex = /^(0|[1-9]\d{0,8})$/.test(key)
    if (Array.isArray(found)) found = isIndex ? found[Number(key)] : undefined
    else found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
    if (found === undefined) throw new PatchError(`${pointer}: is absent`)
  }
  return found
}

function isEqual(a: Json, b: Json, spend: (work: number) => void): boolean {
  spend(1)
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, index) => isEqual(element, b[index]!, spend))
  if (!isObject(a) || !isObject(b)) return a === b
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key]!, b[key]!, spend))
}
