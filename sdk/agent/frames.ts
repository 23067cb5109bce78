/** One change of an item that streams; `path` is a JSON Pointer. `append` joins strings or lists. */
export type PatchOperation =
  | { op: 'append'; path: string; value: string | readonly unknown[] }
  | { op: 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string }

/** A call that somebody else has to answer: a tool in the page, a person. */
export interface ToolCall {
  callId: string
  name: string
  arguments: unknown
}

/** What an agent may yield; each is one frame of the answer. `done` and errors are sent by the kit. */
export type Frame =
  /** More of a text. Without an `id` it is the answer's, which becomes the output. */
  | { event: 'text'; delta: string; id?: string }
  /** A whole item: a tool call, its result, anything that is JSON. */
  | { event: 'item'; item: object; id?: string }
  /** An item that grows: begun, changed any number of times, done. The id is only good within this answer. */
  | { event: 'item.start'; id: string; item: object }
  | { event: 'item.delta'; id: string; patch: readonly PatchOperation[] }
  | { event: 'item.done'; id: string; item?: object }
  /** Kept with the session for its next run, in the place of what was there. */
  | { event: 'state'; state: unknown }
  /** Merged into the session's metadata; null clears a key. */
  | { event: 'metadata'; metadata: object }
  /** What the agent has learnt of the end user: a new one, or by `id` a change of one that it was told; null forgets it. */
  | { event: 'memories'; memories: readonly { id?: string; topic?: string; content: string | null }[] }
  | { event: 'usage'; inputTokens?: number; outputTokens?: number; costUsd?: number; model?: string }
  /** Anything for whoever watches; it is in the log, not in the history. */
  | { event: 'custom'; name: string; data: unknown }
  /** Ends this leg. The agent is called again, with `toolResults`, once every call is answered. */
  | { event: 'pause'; toolCalls: readonly ToolCall[] }

/** What the kit itself adds. */
export type SentFrame =
  | Frame
  | { event: 'version'; version: string }
  | { event: 'error'; message: string; code: string; retryable: boolean }
  | { event: 'done' }

const KNOWN: Record<Frame['event'], true> = {
  text: true,
  item: true,
  'item.start': true,
  'item.delta': true,
  'item.done': true,
  state: true,
  metadata: true,
  memories: true,
  usage: true,
  custom: true,
  pause: true,
}

/** What was yielded as a frame; a string is more of the answer's text. Throws TypeError for what is no frame. */
export function toFrame(yielded: Frame | string): Frame {
  if (typeof yielded === 'string') return { event: 'text', delta: yielded }
  const event: unknown = yielded?.event
  if (typeof event === 'string' && Object.hasOwn(KNOWN, event)) return yielded
  throw new TypeError(
    `An agent yields a string or { event: ${Object.keys(KNOWN).join(' | ')} }, not ${JSON.stringify(yielded)?.slice(0, 200)}.`,
  )
}

/** How frames are written, by the type that AgentView asks for. */
export interface Framing {
  contentType: string
  encode(frame: SentFrame): string
  /** Says nothing, and that somebody is there. */
  heartbeat: string
}

const SSE: Framing = {
  contentType: 'text/event-stream',
  // JSON has no line ends of its own.
  encode: ({ event, ...data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  heartbeat: ':\n\n',
}

const NDJSON: Framing = {
  contentType: 'application/x-ndjson',
  encode: (frame) => `${JSON.stringify(frame)}\n`,
  heartbeat: '\n',
}

/** Server-sent events, unless only NDJSON is asked for. */
export function framingFor(accept: string): Framing {
  return /application\/x-ndjson/i.test(accept) && !/text\/event-stream/i.test(accept) ? NDJSON : SSE
}
