import type { EventType, SessionEvent } from './events.ts'

/** How the text of every event begins; what comes next shows that nothing was passed over. */
const HEAD = /^\{"seq":(\d+),"type":"([a-z._]+)","sessionId":"\w+",(?:"runId":"(\w+)",)?"at(?:tempt)?":/

/**
 * An event on its way to its readers. Its text and its value are each made from the other, when somebody asks and then
 * once: what came as text goes on as text.
 */
export class LogEntry {
  readonly seq: number
  readonly type: EventType
  readonly runId: string | undefined
  #text: string | null
  #event: SessionEvent | null

  private constructor({ seq, type, runId }: Head, text: string | null, event: SessionEvent | null) {
    this.seq = seq
    this.type = type
    this.runId = runId
    this.#text = text
    this.#event = event
  }

  static of(event: SessionEvent): LogEntry {
    return new LogEntry(event, null, event)
  }

  /** From its JSON, which must be an event's: only its first members are looked at. */
  static read(text: string): LogEntry {
    const head = HEAD.exec(text)
    if (!head) {
      const event = JSON.parse(text) as SessionEvent
      return new LogEntry(event, text, event)
    }
    const [, seq, type, runId] = head
    return new LogEntry({ seq: Number(seq), type: type as EventType, runId }, text, null)
  }

  get text(): string {
    return (this.#text ??= JSON.stringify(this.#event))
  }

  get event(): SessionEvent {
    return (this.#event ??= JSON.parse(this.text) as SessionEvent)
  }

  /** The same in the stream of one run: `prev` is the seq before it in that stream. */
  after(prev: number): LogEntry {
    return new LogEntry(this, `${this.text.slice(0, -1)},"prev":${prev}}`, null)
  }
}

interface Head {
  seq: number
  type: EventType
  runId?: string | undefined
}

/**
 * Parts of `entries` that are each given to a reader at once: one event, or as many as have no more than `chars`
 * together. The array itself where all of it fits, so that what is made of it can be shared.
 */
export function partsOf(entries: readonly LogEntry[], chars: number): readonly (readonly LogEntry[])[] {
  if (entries.length === 1) return [entries]
  const parts: LogEntry[][] = []
  let room = 0
  for (const entry of entries) {
    const { length } = entry.text
    const part = parts.at(-1)
    if (part && length <= room) part.push(entry)
    else parts.push([entry])
    room = (part && length <= room ? room : chars) - length
  }
  return parts.length === 1 ? [entries] : parts
}
