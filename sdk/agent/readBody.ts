/** A body of more bytes than are wanted. */
export class BodyTooLarge extends Error {}

/** All bytes of a body, at most `maxBytes`. */
export async function readBody(parts: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of parts) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new BodyTooLarge(`The request has more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
