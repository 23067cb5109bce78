import { tunables } from '@shared/domain/tunables'

/** What is kept of an answer, filled in while it comes. */
export interface AnswerRecord {
  status?: number
  bytes: number
  firstByteAt?: Date
  /** Holds the first bytes, up to `tunables.keptResponseBytes`; the rest of it is room. */
  room: Buffer
  keptBytes: number
}

const FIRST_ROOM = 1_024

export function newAnswerRecord(): AnswerRecord {
  return { bytes: 0, room: Buffer.alloc(0), keptBytes: 0 }
}

/** The beginning of the answer. */
export function keptOf({ room, keptBytes }: AnswerRecord): Buffer {
  return room.subarray(0, keptBytes)
}

/** Counts a chunk and copies what is to be kept of it: a stream's chunks are many and small, and would each be held. */
export function recordChunk(record: AnswerRecord, chunk: Uint8Array): void {
  record.bytes += chunk.length
  const more = Math.min(chunk.length, tunables.keptResponseBytes - record.keptBytes)
  if (more <= 0) return
  const wanted = record.keptBytes + more
  if (wanted > record.room.length) {
    const room = Buffer.allocUnsafeSlow(
      Math.max(FIRST_ROOM, wanted, Math.min(2 * record.room.length, tunables.keptResponseBytes)),
    )
    record.room.copy(room, 0, 0, record.keptBytes)
    record.room = room
  }
  record.room.set(more === chunk.length ? chunk : chunk.subarray(0, more), record.keptBytes)
  record.keptBytes = wanted
}
