import { escapePointer } from './json.ts'

/** One place (a JSON Pointer) where two JSON values differ. */
export interface JsonChange {
  path: string
  kind: 'added' | 'removed' | 'changed'
}

/** Where `to` differs from `from`, outermost places only; none: they are equal. A member that is undefined is absent. */
export function jsonChanges(from: unknown, to: unknown, path = ''): JsonChange[] {
  if (Object.is(from, to)) return []
  if (from === undefined) return [{ path, kind: 'added' }]
  if (to === undefined) return [{ path, kind: 'removed' }]
  const isComparable = typeof from === 'object' && typeof to === 'object' && from !== null && to !== null
  if (!isComparable || Array.isArray(from) !== Array.isArray(to)) return [{ path, kind: 'changed' }]
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted(byPlace)
  return keys.flatMap((key) => jsonChanges(own(from, key), own(to, key), `${path}/${escapePointer(key)}`))
}

function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

/** Elements of an array in their order. */
function byPlace(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : 1)
}
