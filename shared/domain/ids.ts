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
} as const

export type IdKind = keyof typeof ID_PREFIXES

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const VALUE_OF = new Map([...ALPHABET].map((letter, value) => [letter, value]))
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** Random bytes are asked for in stock: each question costs more than the id that is made of the answer. */
const stock = new Uint8Array(4_096)
let used = stock.length

/** Sixteen random bytes, never the same ones twice. */
function randomBytes(): Uint8Array {
  if (used === stock.length) {
    crypto.getRandomValues(stock)
    used = 0
  }
  used += 16
  return stock.subarray(used - 16, used)
}

/** A new UUIDv7 (RFC 9562): 48 bits of unix milliseconds, then 74 random bits. */
export function newUuid(now: number = Date.now()): string {
  const bytes = randomBytes()
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  let hex = ''
  for (const byte of bytes) hex += HEX[byte]!
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
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

function encode(uuid: string): string {
  const hex = uuid.replaceAll('-', '')
  let out = ''
  // 128 bits are read as 130 (two leading zero bits), five at a time.
  let buffer = 0
  let bits = 2
  for (let i = 0; i < 32; i++) {
    buffer = (buffer << 4) | Number.parseInt(hex[i]!, 16)
    bits += 4
    if (bits >= 5) {
      bits -= 5
      out += ALPHABET[(buffer >> bits) & 31]
      buffer &= (1 << bits) - 1
    }
  }
  return out
}

function decode(suffix: string): string {
  let hex = ''
  let buffer = 0
  let bits = -2
  for (const letter of suffix) {
    buffer = (buffer << 5) | VALUE_OF.get(letter)!
    bits += 5
    while (bits >= 4) {
      bits -= 4
      hex += ((buffer >> bits) & 15).toString(16)
      buffer &= (1 << bits) - 1
    }
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
