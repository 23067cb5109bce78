/** A UUID that is greater for a greater number, as UUIDv7 grow with time; `kind` keeps tables apart. */
export const BENCH_ID = `
  create or replace function bench_id(kind int, n bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex(kind), 2, '0') || lpad(to_hex(n), 10, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
  $$`

/** The same in here. */
export function benchId(kind: number, n: number): string {
  const [tag, high, low] = [kind.toString(16), n.toString(16), n.toString(16)]
  const hex = `${tag.padStart(2, '0')}${high.padStart(10, '0')}70008000${low.padStart(12, '0')}`
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Kinds of rows that are seeded in more than one place. */
export const KIND = { endUser: 199, session: 200, run: 201, input: 203, output: 204 } as const

export const RUNS_OF_SESSION = 5
export const SESSIONS_OF_USER = 5
