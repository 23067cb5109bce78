import type { Socket } from 'socket.io'
import type { LogEntry } from '@shared/domain/logEntry'

/** The packet `event` of namespace /client (https://github.com/socketio/socket.io-protocol), around an event's JSON. */
const BEFORE = '2/client,["event",'
const AFTER = ']'
/** Engine.IO's packet type `message`; goes before what a WebSocket message carries. */
const MESSAGE = '4'
const AROUND = MESSAGE.length + BEFORE.length + AFTER.length

/**
 * Sends events as `socket.emit('event', …)` does, but for what that costs per socket: an event is not made into text
 * again, and over WebSocket all entries are one write, of bytes that all sockets share. The frames go along as
 * Socket.IO's own adapter hands over the frames of a broadcast.
 */
export function sendEvents(connection: Socket['conn'], entries: readonly LogEntry[]): void {
  if (connection.transport.name === 'websocket') connection.write('', framesOf(entries))
  else for (const { text } of entries) connection.write(BEFORE + text + AFTER)
}

interface Frames {
  compress: false
  wsPreEncodedFrame: [Buffer]
}

const known = new WeakMap<readonly LogEntry[], Frames>()

function framesOf(entries: readonly LogEntry[]): Frames {
  const made = known.get(entries)
  if (made) return made
  const frames: Frames = { compress: false, wsPreEncodedFrame: [encode(entries)] }
  known.set(entries, frames)
  return frames
}

/** One WebSocket message (RFC 6455, 5.2) for each entry: final, text, not masked. */
function encode(entries: readonly LogEntry[]): Buffer {
  const lengths = entries.map(({ text }) => AROUND + Buffer.byteLength(text))
  const size = lengths.reduce((sum, length) => sum + headerBytes(length) + length, 0)
  const buffer = Buffer.allocUnsafe(size)
  let at = 0
  for (const [index, { text }] of entries.entries()) {
    at = writeHeader(buffer, at, lengths[index]!)
    at += buffer.write(MESSAGE + BEFORE, at, 'latin1')
    at += buffer.write(text, at)
    at += buffer.write(AFTER, at, 'latin1')
  }
  return buffer
}

const FINAL_TEXT = 0x81

function headerBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

function writeHeader(buffer: Buffer, at: number, length: number): number {
  buffer[at] = FINAL_TEXT
  if (length < 126) return buffer.writeUInt8(length, at + 1)
  if (length < 65_536) return buffer.writeUInt16BE(length, buffer.writeUInt8(126, at + 1))
  return buffer.writeBigUInt64BE(BigInt(length), buffer.writeUInt8(127, at + 1))
}
