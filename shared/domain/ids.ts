/**
 * Ids as people and clients see them: TypeIDs (prefix + UUIDv7 in Crockford base32, https://github.com/jetify-com/typeid).
 * Postgres keeps the bare UUID; `shared/store` converts at its border, everything above it handles TypeIDs only.
 */
export const ID_PREFIXES = {
  organization: 'org',
  endUser: 'eu',
  agent: 'agt',
  agentVersion: 'ver',
  session: 'ses',
  run: 'run',
  item: 'itm',
  apiKey: 'key',
  worker: 'wrk',
  request: 'req',
  webhookEndpoint: 'whe',
  delivery: 'whd',
  score: 'scr',
  tokenFamily: 'fam',
  memory: 'memo',
  user: 'usr',
  member: 'mem',
  loginSession: 'lgs',
  invitation: 'inv',
  auditEntry: 'aud',
  comment: 'cmt',
} as const

export type IdKind = keyof typeof ID_PREFIXES

const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

// Each event of a log carries some ids, so they are converted by tables: ten bits are two letters, twenty are four or
// five hexadecimal digits.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const PAIRS = Array.from({ length: 1_024 }, (_, value) => ALPHABET[value >> 5]! + ALPHABET[value & 31]!)
const HEX_PAIRS = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))
const HEX_TRIPLES = Array.from({ length: 4_096 }, (_, value) => value.toString(16).padStart(3, '0'))
const VALUES = new Uint8Array(128)
for (const [value, letter] of [...ALPHABET].entries()) VALUES[letter.charCodeAt(0)] = value

/** A new UUIDv7 (RFC 9562): 48 bits of unix milliseconds, then 74 random bits. */
export function newUuid(now: number = Date.now()): string {
  const bytes = randomBytes()
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  let hex = ''
  for (const byte of bytes) hex += HEX_PAIRS[byte]
  return dashed(hex)
}

/** Random bytes are drawn for many ids at once: a call costs more than an id. */
const drawn = new Uint8Array(16 * 256)
let used = drawn.length

/** Sixteen of them, to be written over. */
function randomBytes(): Uint8Array {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn)
    used = 0
  }
  used += 16
  return drawn.subarray(used - 16, used)
}

/** A new id of a kind, e.g. `run_01jd…`. Sortable by creation time to the millisecond; never used to order turns. */
export function newId(kind: IdKind): string {
  return idOf(kind, newUuid())
}

/** The TypeID of a UUID. */
export function idOf(kind: IdKind, uuid: string): string {
  return `${ID_PREFIXES[kind]}_${encode(uuid)}`
}

/** The UUID inside a TypeID, or null when it is not a well-formed id of that kind. Never throws: ids come from clients. */
export function uuidOf(kind: IdKind, id: string): string | null {
  const prefix = ID_PREFIXES[kind]
  if (!id.startsWith(`${prefix}_`)) return null
  const suffix = id.slice(prefix.length + 1)
  return SUFFIX.test(suffix) ? decode(suffix) : null
}

/** 128 bits are read as 130, with two leading zeros: two letters of eight bits, then four of each twenty. */
function encode(uuid: string): string {
  const hex = uuid.replaceAll('-', '')
  let out = PAIRS[Number.parseInt(hex.slice(0, 2), 16)]!
  for (let at = 2; at < 32; at += 5) {
    const bits = Number.parseInt(hex.slice(at, at + 5), 16)
    out += PAIRS[bits >> 10]! + PAIRS[bits & 1_023]!
  }
  return out
}

function decode(suffix: string): string {
  const value = (at: number) => VALUES[suffix.charCodeAt(at)]!
  let hex = HEX_PAIRS[(value(0) << 5) | value(1)]!
  for (let at = 2; at < 26; at += 4) {
    const bits = (value(at) << 15) | (value(at + 1) << 10) | (value(at + 2) << 5) | value(at + 3)
    hex += HEX_TRIPLES[bits >> 8]! + HEX_PAIRS[bits & 255]!
  }
  return dashed(hex)
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
