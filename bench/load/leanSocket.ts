import { WebSocket } from 'ws'
import { isObject } from '@shared/domain/json'

/**
 * A Socket.IO client of a few lines on a WebSocket: the load runs on the machine that is measured, so it parses nothing
 * that nobody asks for. Protocols: https://socket.io/docs/v4/engine-io-protocol/, https://socket.io/docs/v4/socket-io-protocol/
 */
export class LeanSocket {
  readonly #socket: WebSocket
  readonly #acknowledged = new Map<number, Waiting>()
  readonly #onEvent: (json: Buffer) => void
  readonly #onEnd: (why: string) => void
  readonly #connected: Waiting
  #nextId = 1

  private constructor(url: string, token: string, hears: SocketHears, connected: Waiting) {
    this.#onEvent = hears.event
    this.#onEnd = hears.end
    this.#connected = connected
    const address = `${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`
    this.#socket = new WebSocket(address, { perMessageDeflate: false, skipUTF8Validation: true })
    this.#socket.on('message', (data: Buffer) => this.#take(data, token))
    this.#socket.on('error', (error) => this.#end(error.message))
    this.#socket.on('close', () => this.#end('closed'))
  }

  /** Connects and says who it is; resolves when it may subscribe. */
  static connect(url: string, token: string, hears: SocketHears): Promise<LeanSocket> {
    return new Promise((resolve, reject) => {
      const socket: LeanSocket = new LeanSocket(url, token, hears, { resolve: () => resolve(socket), reject })
    })
  }

  /** Reads a session after a cursor; gives its last seq. */
  async subscribe(sessionId: string, after: number): Promise<number> {
    const answer = await this.emit('subscribe', { sessionId, after })
    if (!isObject(answer) || answer.ok !== true) throw new Error(`not subscribed: ${JSON.stringify(answer)}`)
    return Number(answer.lastSeq)
  }

  /** Resolves with what the server acknowledged. */
  emit(name: string, message: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#acknowledged.set(id, { resolve, reject })
      this.#socket.send(`42/client,${id}${JSON.stringify([name, message])}`)
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.terminate()
  }

  #take(data: Buffer, token: string): void {
    if (isEvent(data)) return this.#onEvent(data.subarray(EVENT.length, data.length - 1))
    const text = data.toString()
    if (text === PING) return this.#socket.send(PONG)
    if (text.startsWith('0')) return this.#socket.send(`40/client,${JSON.stringify({ token })}`)
    if (text.startsWith('40/client,')) return this.#connected.resolve(null)
    const [, id, answer] = /^43\/client,(\d+)\[(.*)\]$/s.exec(text) ?? []
    if (id === undefined || answer === undefined) return this.#end(text)
    this.#acknowledged.get(Number(id))?.resolve(JSON.parse(answer))
    this.#acknowledged.delete(Number(id))
  }

  /** Also by a word that was not asked for: a cut, a refusal, a warning that the token ends. */
  #end(why: string): void {
    const error = new Error(`the socket ended: ${why}`)
    this.#connected.reject(error)
    for (const { reject } of this.#acknowledged.values()) reject(error)
    this.#acknowledged.clear()
    this.#onEnd(why)
  }
}

export interface SocketHears {
  /** The JSON of one event, unparsed. */
  event(json: Buffer): void
  end(why: string): void
}

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
}

const PING = '2'
const PONG = '3'
const EVENT = Buffer.from('42/client,["event",')

function isEvent(data: Buffer): boolean {
  return data.length > EVENT.length && data.compare(EVENT, 0, EVENT.length, 0, EVENT.length) === 0
}
