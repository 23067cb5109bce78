const CHUNK_BYTES = 256 * 1_024
const LENGTH_BYTES = 4

/**
 * Keeps many small pieces of bytes in a few large blocks: kept one by one, they would cost more garbage collection than
 * all the rest of a load.
 */
export class FrameStore {
  #chunks: { bytes: Buffer; used: number }[] = []
  bytes = 0

  add(frame: Buffer): void {
    const needed = LENGTH_BYTES + frame.length
    let last = this.#chunks.at(-1)
    if (!last || last.used + needed > last.bytes.length) {
      last = { bytes: Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, needed)), used: 0 }
      this.#chunks.push(last)
      this.bytes += last.bytes.length
    }
    last.bytes.writeUInt32LE(frame.length, last.used)
    frame.copy(last.bytes, last.used + LENGTH_BYTES)
    last.used += needed
  }

  /** All that was added, in order, as text; forgets it. */
  *take(): Generator<string> {
    const chunks = this.#chunks
    this.#chunks = []
    this.bytes = 0
    for (const { bytes, used } of chunks) {
      for (let at = 0; at < used;) {
        const begin = at + LENGTH_BYTES
        const end = begin + bytes.readUInt32LE(at)
        yield bytes.toString('utf8', begin, end)
        at = end
      }
    }
  }
}
