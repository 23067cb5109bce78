import { AgentViewError } from '@shared/domain/errors'
import { type IdKind, uuidOf } from '@shared/domain/ids'

/** A place in a list, opaque to clients: the sort key of the last row that they got. */
export function cursorOf(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** The key in a cursor, when `check` recognises it; clients may send anything. */
export function readCursor<Key>(cursor: string | undefined, check: (key: unknown) => key is Key): Key | null {
  if (cursor === undefined) return null
  const key = parse(cursor)
  if (check(key)) return key
  throw new AgentViewError('invalid_cursor', 'This cursor is not one of this list: begin without one.')
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** A page of a list: `rows` may hold one more than `limit`, which only tells that there is a next page. */
export function toPage<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => readonly (string | number)[]) {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return { data, nextCursor: rows.length > limit && last !== undefined ? cursorOf(keyOf(last)) : null }
}

const isInt = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31

export function isNumberKey(key: unknown): key is [number] {
  return Array.isArray(key) && key.length === 1 && isInt(key[0])
}

export function isPlaceKey(key: unknown): key is [number, number] {
  return Array.isArray(key) && key.length === 2 && isInt(key[0]) && isInt(key[1])
}

/** A check of keys that are one id of a kind. */
export function idKeyOf(kind: IdKind): (key: unknown) => key is [string] {
  return (key): key is [string] =>
    Array.isArray(key) && key.length === 1 && typeof key[0] === 'string' && uuidOf(kind, key[0]) !== null
}
