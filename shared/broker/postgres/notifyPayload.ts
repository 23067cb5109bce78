import type { Cut } from '@shared/domain/cuts'

/** NOTIFY fails at 8,000 bytes. */
const PAYLOAD_BYTES = 7_500

/**
 * `<from> <word> <word> …`, as many payloads as the words need. Words are ids, or `id:seq`: ASCII without blanks, so a
 * character is a byte.
 */
export function packPayloads(from: string, words: Iterable<string>): string[] {
  const payloads: string[] = []
  let payload = from
  for (const word of words) {
    if (payload.length + 1 + word.length > PAYLOAD_BYTES && payload !== from) {
      payloads.push(payload)
      payload = from
    }
    payload += ` ${word}`
  }
  return payload === from ? payloads : [...payloads, payload]
}

export function unpackPayload(payload: string): { from: string; words: string[] } {
  const [from = '', ...words] = payload.split(' ')
  return { from, words }
}

export function packSeq(sessionId: string, lastSeq: number): string {
  return `${sessionId}:${lastSeq}`
}

/** Null for what is no pair: another version of this program may say more one day. */
export function unpackSeq(word: string): { sessionId: string; lastSeq: number } | null {
  const colon = word.lastIndexOf(':')
  const lastSeq = Number(word.slice(colon + 1))
  return colon > 0 && Number.isSafeInteger(lastSeq) ? { sessionId: word.slice(0, colon), lastSeq } : null
}

export function packCut({ subject, reason }: Cut): string {
  return `${subject}:${reason}`
}

/** Null for what is no cut, as above. */
export function unpackCut(word: string): Cut | null {
  const [subject, reason] = word.split(':')
  return subject && (reason === 'deleted' || reason === 'revoked') ? { subject, reason } : null
}
