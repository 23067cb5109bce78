import { createParser } from 'eventsource-parser'
import type { DeliveredEvent } from '@shared/delivery/sink'
import { checkedEvent } from './contract.ts'
import { growing } from './eventually.ts'

export interface Cut {
  reason: string
  lastSeq: number
}

/** What comes of a stream of server-sent events, each checked against the contract. */
export interface SseStream {
  headers: Headers
  readonly events: DeliveredEvent[]
  readonly cut: Cut | null
  /** The server has ended it; rejects when something came that is no event. */
  ended: Promise<void>
  until(done: (events: readonly DeliveredEvent[]) => boolean): Promise<DeliveredEvent[]>
  close(): void
}

export function readSse(response: Response, abort: AbortController): SseStream {
  const events = growing<DeliveredEvent>()
  let cut: Cut | null = null
  const parser = createParser({
    onEvent({ id, event, data }) {
      const value: unknown = JSON.parse(data)
      if (event === 'cut') {
        cut = value as Cut
        return
      }
      const checked = checkedEvent(value)
      if (String(checked.seq) !== id || checked.type !== event) throw new Error(`id or event differ from ${data}`)
      events.add(checked)
    },
    onError: (error) => {
      throw error
    },
  })

  async function read(): Promise<void> {
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true })
      for await (const chunk of response.body!) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }))
    } catch (error) {
      if (!abort.signal.aborted) throw error
    } finally {
      events.finish()
    }
  }

  const ended = read()
  ended.catch(() => undefined)
  return {
    headers: response.headers,
    events: events.all,
    get cut() {
      return cut
    },
    ended,
    async until(done) {
      const failed = ended.then(() => new Promise<never>(() => undefined))
      return Promise.race([events.until(done), failed])
    },
    close: () => abort.abort(),
  }
}
