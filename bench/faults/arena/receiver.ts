import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '@shared/domain/json'
import { freePorts } from '../../cluster/ports.ts'

/** What a receiver does with a delivery: answers a status, never answers, or answers 2xx and dies. */
export type Answer = number | 'hang' | 'die'

/** A delivery that has come; `answered` is 0 when it was not. */
export interface Received {
  deliveryId: string
  type: string
  runId: string
  answered: number
}

export interface ReceiverOptions {
  /** `tries`: how often this delivery has come, with this time. */
  decide: (tries: number) => Answer
  /** Told before the answer goes out: what a receiver has taken it has taken, whatever becomes of its answer. */
  heard: (received: Received) => void
}

/** How long a receiver that has died is away. */
const AWAY_MS = 1_000

/** A webhook receiver in this process, on a port of its own. */
export class Receiver {
  readonly url: string
  readonly #options: ReceiverOptions
  readonly #port: number
  readonly #tries = new Map<string, number>()
  #server: Server | null = null
  #closed = false

  private constructor(port: number, options: ReceiverOptions) {
    this.#port = port
    this.#options = options
    this.url = `http://127.0.0.1:${port}/`
  }

  static async start(options: ReceiverOptions): Promise<Receiver> {
    const [port = 0] = await freePorts(1)
    const receiver = new Receiver(port, options)
    await receiver.#listen()
    return receiver
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#hangUp()
  }

  async #listen(): Promise<void> {
    const server = createServer((request, response) => void this.#take(request, response))
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#server = server
  }

  #hangUp(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
    this.#server = null
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(Buffer.from(chunk))
    } catch {
      // Its sender is gone: it was not received.
      return
    }
    const event: unknown = JSON.parse(Buffer.concat(chunks).toString())
    const deliveryId = String(request.headers['webhook-id'])
    const tries = (this.#tries.get(deliveryId) ?? 0) + 1
    this.#tries.set(deliveryId, tries)
    const answer = this.#options.decide(tries)
    const answered = answer === 'hang' ? 0 : answer === 'die' ? 204 : answer
    if (isObject(event) && typeof event.runId === 'string' && typeof event.type === 'string')
      this.#options.heard({ deliveryId, type: event.type, runId: event.runId, answered })
    if (answer === 'hang') return
    response.writeHead(answered).end()
    if (answer === 'die') await this.#die()
  }

  async #die(): Promise<void> {
    this.#hangUp()
    await sleep(AWAY_MS)
    if (!this.#closed) await this.#listen()
  }
}
