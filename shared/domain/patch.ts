import { FORBIDDEN_KEYS, type Json, isObject } from './json.ts'

/** One change to a JSON value; `path` is a JSON Pointer (RFC 6901). `append` joins strings or arrays. */
export type PatchOperation =
  | { op: 'append'; path: string; value: string | Json[] }
  | { op: 'add'; path: string; value: Json }
  | { op: 'replace'; path: string; value: Json }
  | { op: 'remove'; path: string }

export type Patch = PatchOperation[]

/** A patch that doesn't fit the value it is for; the sender is wrong. */
export class PatchError extends Error {}

/**
 * The value after a patch, with structural sharing: parts that the patch doesn't touch are the same references.
 * Semantics of add, replace and remove are RFC 6902's; `append` is ours (docs: the wires). Throws PatchError.
 */
export function applyPatch(value: Json, patch: Patch): Json {
  let result = value
  for (const operation of patch) result = change(result, parsePointer(operation.path), 0, operation)
  return result
}

function change(value: Json, path: string[], depth: number, operation: PatchOperation): Json {
  if (depth === path.length) return changeWhole(value, operation)
  const key = path[depth]!
  const last = depth === path.length - 1
  if (Array.isArray(value)) return changeElement(value, key, last, path, depth, operation)
  if (!isObject(value)) throw new PatchError(`${operation.path}: nothing is there to go into`)
  if (last && operation.op === 'remove') {
    if (!Object.hasOwn(value, key)) throw new PatchError(`${operation.path}: is absent`)
    const { [key]: _removed, ...rest } = value
    return rest
  }
  if (last && operation.op === 'add') return { ...value, [key]: operation.value }
  if (!Object.hasOwn(value, key)) throw new PatchError(`${operation.path}: is absent`)
  return { ...value, [key]: change(value[key]!, path, depth + 1, operation) }
}

function changeElement(
  list: Json[],
  key: string,
  last: boolean,
  path: string[],
  depth: number,
  operation: PatchOperation,
): Json {
  const adding = last && operation.op === 'add'
  const index = key === '-' && adding ? list.length : /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : Number.NaN
  if (!(index < list.length || (adding && index === list.length)))
    throw new PatchError(`${operation.path}: no such element`)
  if (adding) return [...list.slice(0, index), operation.value, ...list.slice(index)]
  if (last && operation.op === 'remove') return [...list.slice(0, index), ...list.slice(index + 1)]
  const copy = [...list]
  copy[index] = change(list[index]!, path, depth + 1, operation)
  return copy
}

function changeWhole(value: Json, operation: PatchOperation): Json {
  if (operation.op === 'remove') throw new PatchError('the whole value can not be removed')
  if (operation.op !== 'append') return operation.value
  if (typeof value === 'string' && typeof operation.value === 'string') return value + operation.value
  if (Array.isArray(value) && Array.isArray(operation.value)) return [...value, ...operation.value]
  throw new PatchError(`${operation.path}: append joins two strings or two arrays`)
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) throw new PatchError(`"${pointer}" is not a JSON Pointer`)
  const path = pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  const forbidden = path.find((key) => FORBIDDEN_KEYS.has(key))
  if (forbidden !== undefined) throw new PatchError(`the key "${forbidden}" is forbidden`)
  return path
}
