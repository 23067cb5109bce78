import { FORBIDDEN_KEYS, type Json, type JsonObject, isObject } from './json.ts'

/** One change to a JSON value; `path` is a JSON Pointer (RFC 6901). `append` joins strings or arrays. */
export type PatchOperation =
  | { op: 'append'; path: string; value: string | Json[] }
  | { op: 'add'; path: string; value: Json }
  | { op: 'replace'; path: string; value: Json }
  | { op: 'remove'; path: string }

export type Patch = PatchOperation[]

/** A patch that doesn't fit the value it is for; the sender is wrong. */
export class PatchError extends Error {}

/** What one array element costs to copy or move, where a member of an object costs 1: it is a plain copy of memory. */
const ELEMENT = 1 / 16

/** The arrays and objects that a patch has made: no one else has seen them, so that they are changed in place. */
interface Draft {
  made: Set<Json>
  spend: (work: number) => void
}

/**
 * The value after a patch, with structural sharing: parts that the patch doesn't touch are the same references, and each
 * part that it touches is copied once, however many operations change it. Semantics of add, replace and remove are RFC
 * 6902's; `append` is ours (docs: the wires). `spend` is told what it costs, in members copied and operations, and may
 * throw. Throws PatchError; then the value is as it was.
 */
export function applyPatch(value: Json, patch: Patch, spend: (work: number) => void = () => undefined): Json {
  const draft: Draft = { made: new Set(), spend }
  let result = value
  for (const operation of patch) {
    spend(1)
    result = change(result, parsePointer(operation.path), 0, operation, draft)
  }
  return result
}

function change(value: Json, path: string[], depth: number, operation: PatchOperation, draft: Draft): Json {
  if (depth === path.length) return changeWhole(value, operation, draft)
  if (Array.isArray(value)) return changeElement(value, path, depth, operation, draft)
  if (!isObject(value)) throw new PatchError(`${operation.path}: nothing is there to go into`)
  const key = path[depth]!
  const last = depth === path.length - 1
  if (!Object.hasOwn(value, key) && !(last && operation.op === 'add'))
    throw new PatchError(`${operation.path}: is absent`)
  if (last && operation.op === 'remove') {
    const copy = ownObject(value, draft)
    delete copy[key]
    return copy
  }
  const member =
    last && operation.op === 'add' ? operation.value : change(value[key]!, path, depth + 1, operation, draft)
  const copy = ownObject(value, draft)
  copy[key] = member
  return copy
}

function changeElement(list: Json[], path: string[], depth: number, operation: PatchOperation, draft: Draft): Json {
  const key = path[depth]!
  const last = depth === path.length - 1
  const adding = last && operation.op === 'add'
  const index = key === '-' && adding ? list.length : /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : Number.NaN
  if (!(index < list.length || (adding && index === list.length)))
    throw new PatchError(`${operation.path}: no such element`)
  if (adding || (last && operation.op === 'remove')) {
    const copy = ownList(list, draft)
    draft.spend((copy.length - index) * ELEMENT)
    if (operation.op === 'add') copy.splice(index, 0, operation.value)
    else copy.splice(index, 1)
    return copy
  }
  const element = change(list[index]!, path, depth + 1, operation, draft)
  const copy = ownList(list, draft)
  copy[index] = element
  return copy
}

function changeWhole(value: Json, operation: PatchOperation, draft: Draft): Json {
  if (operation.op === 'remove') throw new PatchError('the whole value can not be removed')
  if (operation.op !== 'append') return operation.value
  if (typeof value === 'string' && typeof operation.value === 'string') return value + operation.value
  if (Array.isArray(value) && Array.isArray(operation.value)) {
    const copy = ownList(value, draft)
    draft.spend(operation.value.length * ELEMENT)
    for (const element of operation.value) copy.push(element)
    return copy
  }
  throw new PatchError(`${operation.path}: append joins two strings or two arrays`)
}

function ownObject(value: JsonObject, { made, spend }: Draft): JsonObject {
  if (made.has(value)) return value
  spend(Object.keys(value).length)
  const copy = { ...value }
  made.add(copy)
  return copy
}

function ownList(list: Json[], { made, spend }: Draft): Json[] {
  if (made.has(list)) return list
  spend(list.length * ELEMENT)
  const copy = [...list]
  made.add(copy)
  return copy
}

/** The keys of a JSON Pointer (RFC 6901). Throws PatchError. */
export function parsePointer(pointer: string): string[] {
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
