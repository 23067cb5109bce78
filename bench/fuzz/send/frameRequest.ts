import { gzipSync } from 'node:zlib'
import type { Framing } from '../generate/requests.ts'

export interface Wire {
  method: string
  address: string
  host: string
  /** Lines, without Content-Length and the like. */
  headers: readonly string[]
  body: string | null
  framing: Framing
}

export interface Framed {
  bytes: Buffer
  /** The server never gets all of the body: it may hang up without an answer. */
  broken: boolean
  /** Nothing more comes from us, as of a client that dies in the middle of its body. */
  halfClosed: boolean
}

const BOMB_BYTES = 20_000_000

/** A request's bytes. What a header says of the body comes from its framing. */
export function frameRequest({ method, address, host, headers, body, framing }: Wire): Framed {
  const lines = [`${method} ${address} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers]
  if (body === null) return { bytes: withBody(lines, [], Buffer.alloc(0)), broken: false, halfClosed: false }
  if (!headers.some((line) => /^content-type:/i.test(line))) lines.push('Content-Type: application/json')
  const plain = Buffer.from(body, 'utf8')
  const { about, bytes, broken = false } = FRAMERS[framing](plain)
  return { bytes: withBody(lines, about, bytes), broken, halfClosed: framing === 'cutOff' }
}

interface FramedBody {
  about: string[]
  bytes: Buffer
  broken?: boolean
}

const sized = (bytes: Buffer, ...about: string[]): FramedBody => ({
  about: [...about, `Content-Length: ${bytes.length}`],
  bytes,
})

const FRAMERS: Record<Framing, (plain: Buffer) => FramedBody> = {
  length: (plain) => sized(plain),
  chunked: (plain) => ({
    about: ['Transfer-Encoding: chunked'],
    bytes: Buffer.concat([Buffer.from(`${plain.length.toString(16)}\r\n`), plain, Buffer.from('\r\n0\r\n\r\n')]),
  }),
  gzip: (plain) => sized(gzipSync(plain), 'Content-Encoding: gzip'),
  notGzip: (plain) => sized(plain, 'Content-Encoding: gzip'),
  bomb: () => sized(gzipSync(Buffer.alloc(BOMB_BYTES, ' ')), 'Content-Encoding: gzip'),
  badUtf8: (plain) =>
    sized(Buffer.concat([plain.subarray(0, -1), Buffer.from([0xc3, 0x28, 0xff]), plain.subarray(-1)])),
  // What is too much is read as the next request.
  tooShort: (plain) => ({ about: [`Content-Length: ${Math.floor(plain.length / 2)}`], bytes: plain }),
  cutOff: (plain) => ({ about: [`Content-Length: ${plain.length + 10}`], bytes: plain, broken: true }),
  badChunk: (plain) => ({
    about: ['Transfer-Encoding: chunked'],
    bytes: Buffer.concat([Buffer.from('zz\r\n'), plain]),
    broken: true,
  }),
  twoLengths: (plain) => ({
    about: [`Content-Length: ${plain.length}`, 'Content-Length: 1'],
    bytes: plain,
    broken: true,
  }),
}

/** Latin-1 in the head, as HTTP has it: what is beyond it goes as its UTF-8 bytes. */
function withBody(lines: readonly string[], about: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...lines, ...about, '', ''].join('\r\n'), 'utf8'), body])
}
