/** What one NOTIFY carries: who says it, how far sessions have come, and which runs' aborts to look at. */
export interface NewsPayload {
  from: string
  seqs: [sessionId: string, lastSeq: number][]
  aborts: string[]
}

/** NOTIFY fails at 8,000 bytes. */
const PAYLOAD_BYTES = 7_500

/** Cuts what is to be said into payloads that fit. Ids are ASCII, so a letter is a byte. */
export function toPayloads(from: string, seqs: ReadonlyMap<string, number>, aborts: readonly string[]): string[] {
  const entries = [...[...seqs].map(([sessionId, lastSeq]) => `${sessionId}:${lastSeq}`), ...aborts.map((runId) => `!${runId}`)]
  const payloads: string[] = []
  let payload = from
  for (const entry of entries) {
    if (payload.length + 1 + entry.length > PAYLOAD_BYTES) {
      payloads.push(payload)
      payload = from
    }
    payload += ` ${entry}`
  }
  return payload === from ? payloads : [...payloads, payload]
}

/** Reads a payload; whatever is malformed in it is left out. */
export function readPayload(payload: string): NewsPayload {
  const [from = '', ...entries] = payload.split(' ')
  const aborts = entries.filter((entry) => entry.startsWith('!')).map((entry) => entry.slice(1))
  const seqs = entries.flatMap((entry): [string, number][] => {
    const [sessionId, seq] = entry.split(':')
    return sessionId && seq && /^\d+$/.test(seq) ? [[sessionId, Number(seq)]] : []
  })
  return { from, seqs, aborts }
}
