import { isDeepStrictEqual } from 'node:util'
import { AgentViewClient, type TransportName } from '@agentview/client'
import type { SessionEvent } from '@shared/domain/events'
import type { SessionView } from '@shared/domain/foldSession'
import type { Session } from '@shared/domain/objects'
import { EventLog } from './eventLog.ts'
import { type Ingress, startIngress } from './ingress.ts'
import { NOBODY, type Reader, type ReaderOptions } from './reader.ts'
import { ViewWaiters } from './viewWaiters.ts'

export interface SdkReaderOptions extends ReaderOptions {
  apiUrl: string
  transport: TransportName
  /** Hears at the end how many messages and runs the client shows otherwise than its log folds to. */
  compared(different: number): void
}

/**
 * A page that reads a session with `@agentview/client`, through an ingress of its own. What the client tells of the log
 * is recorded as other readers' events are; what it shows in the end must be what that log folds to.
 */
export class SdkReader implements Reader {
  readonly log: EventLog
  reconnects = 0
  readonly #options: SdkReaderOptions
  readonly #waiters: ViewWaiters
  readonly #begun: Promise<{ client: AgentViewClient; ingress: Ingress }>
  #ingress: Ingress | null = null

  constructor(options: SdkReaderOptions) {
    this.#options = options
    this.log = new EventLog(options.sessionId, 0)
    this.#waiters = new ViewWaiters(() => this.log.view)
    this.#begun = this.#begin()
    this.#begun.catch((error: Error) => this.#waiters.fail(error))
  }

  until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void> {
    return this.#waiters.until(done, timeoutMs, what)
  }

  drop(): void {
    this.#ingress?.drop()
  }

  async close(): Promise<void> {
    const { client, ingress } = await this.#begun
    client.disconnect()
    await ingress.close()
    const { messages, runs } = client.getState()
    const { view } = this.log
    const shown = [...messages.map(({ id, data, status }) => ({ id, data, status })), ...runs]
    const folded = [...view.items.map(({ id, data, status }) => ({ id, data, status })), ...view.runs]
    const different = shown.filter((one, at) => !isDeepStrictEqual(one, folded[at])).length
    this.#options.compared(different + Math.abs(shown.length - folded.length))
  }

  async #begin() {
    const { apiUrl, urls, token, sessionId, transport, watch = NOBODY } = this.#options
    const ingress = await startIngress(apiUrl, urls, (url) => {
      this.reconnects++
      watch.connecting(url, this.log.view.seq)
    })
    this.#ingress = ingress
    let read: Session | null = null
    const client = new AgentViewClient({
      ...{ endpoint: ingress.url, token, transports: [transport], autoConnect: false },
      async fetch(url, init) {
        const response = await fetch(url, init)
        if (new URL(response.url).pathname === `/v1/sessions/${sessionId}`)
          read = (await response.clone().json()) as Session
        return response
      },
    })
    client.on('session:event', (event) => this.#take(event))
    client.on('connection:change', ({ status, problem }) => {
      if (status !== 'online') watch.disconnected(problem?.message ?? status)
    })
    const session = await client.loadSession(sessionId)
    // What it has begun with stands for all events before.
    const { items = [] } = read ?? session
    const runs = [...client.getState().runs]
    watch.connecting(ingress.url, 0)
    const about = { seq: session.lastSeq, sessionId, at: session.updatedAt }
    this.#take({ ...about, type: 'snapshot', data: { session, items, runs } })
    client.connect()
    return { client, ingress }
  }

  #take(event: SessionEvent): void {
    const data = JSON.stringify(event)
    this.#options.watch?.event(data)
    this.log.take({ id: String(event.seq), event: event.type, data }, performance.now())
    this.#waiters.wake()
  }
}
