import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Conversation, parseConversation } from '../replay/conversations.ts'
import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, applyEvent } from '@shared/domain/foldSession'
import type { JsonObject } from '@shared/domain/json'
import type { Item, ItemKind, Run, Session } from '@shared/domain/objects'

/** What goes wrong, on purpose. */
export interface Faults {
  /** Cuts each stream after so many events. */
  cutAfter?: number
  /** Answers the first streams with 503. */
  unreadyStreams?: number
  /** Begins each stream so many events before the cursor: they come twice. */
  repeat?: number
  /** Leaves out the event with this seq. */
  lose?: number
  /** Resets the connection of so many posts of a message, after they were accepted. */
  lostAnswers?: number
  /** Answers the first posts of a message so. */
  refusePosts?: { times: number; status: number; headers?: Record<string, string> }
  /** Changes what the agent says. */
  distort?: (text: string) => string
  /** Starts with a snapshot when the cursor is below this. */
  floor?: number
}

interface FakeSession {
  session: Session
  conversation: Conversation
  events: SessionEvent[]
  readers: Set<() => void>
  accepted: Map<string, JsonObject>
}

const AT = '2030-01-01T00:00:00.000Z'

/** A tiny AgentView: the wire of the design, in memory, with the replay agent built in. For tests of its clients only. */
export class FakeServer {
  readonly sessions = new Map<string, FakeSession>()
  readonly cursors: string[] = []
  readonly faults: Faults
  #server: Server

  constructor(faults: Faults = {}) {
    this.faults = faults
    this.#server = createServer((request, response) => void this.#handle(request, response))
  }

  /** Listens, and gives the URL; on the same port as before when it had been stopped. */
  async start(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake')
    const body = await readBody(request)
    if (url.pathname === '/v1/auth/anonymous') return send(response, 201, { token: 'token' })
    if (url.pathname === '/v1/sessions') return send(response, 201, { ...this.create(body).session })
    const [, , , id = '', what] = url.pathname.split('/')
    const session = this.sessions.get(id)
    if (!session) return send(response, 404, { error: { code: 'not_found', message: 'No such session.' } })
    if (what === 'messages') return this.#accept(session, request, response, body)
    if (what === 'events') return this.#stream(session, request, response, Number(url.searchParams.get('after')))
    const { session: last, items, runs, seq } = session.events.reduce(applyEvent, EMPTY_VIEW)
    send(response, 200, { ...last, items, lastRun: runs.at(-1), lastSeq: seq })
  }

  /** A session with its first event. */
  create(body: JsonObject): FakeSession {
    const metadata = (body.metadata ?? {}) as JsonObject
    const id = `ses_${randomUUID()}`
    const names = {
      id,
      handle: '1',
      agent: 'replay',
      endUserId: 'eu_1',
      space: 'production',
      version: '1.0.0',
    } as const
    const session: Session = { ...names, metadata, state: null, lastSeq: 1, createdAt: AT, updatedAt: AT }
    const conversation = parseConversation(metadata.conversation) ?? { id, turns: [] }
    const made: FakeSession = { session, conversation, events: [], readers: new Set(), accepted: new Map() }
    this.sessions.set(id, made)
    append(made, 'session.created', { session })
    return made
  }

  #accept(to: FakeSession, request: IncomingMessage, response: ServerResponse, body: JsonObject): void {
    const refuse = this.faults.refusePosts
    if (refuse && refuse.times-- > 0) return send(response, refuse.status, { error: {} }, refuse.headers)
    const key = String(request.headers['idempotency-key'])
    const before = to.accepted.get(key)
    const answer = before ?? this.#begin(to, body.input as string)
    to.accepted.set(key, answer)
    if ((this.faults.lostAnswers ?? 0) > 0) {
      this.faults.lostAnswers!--
      request.socket.resetAndDestroy()
    } else send(response, 202, answer)
  }

  #begin(to: FakeSession, input: string): JsonObject {
    const runNo = to.events.filter((event) => event.type === 'run.queued').length + 1
    const run = { id: `run_${randomUUID()}`, sessionId: to.session.id, runNo, type: 'chat', status: 'queued' } as const
    const queued: Run = { ...run, leg: 0, version: '1.0.0', metadata: {}, attempts: [], createdAt: AT }
    append(to, 'run.queued', { run: queued }, queued.id)
    const item = makeItem(queued, 0, 'input', { type: 'message', role: 'user', content: input })
    append(to, 'item.created', { item }, queued.id)
    setTimeout(() => this.#play(to, queued), 1)
    return { run: { id: queued.id }, item: { id: item.id }, seq: to.events.length } as JsonObject
  }

  #play(to: FakeSession, run: Run): void {
    const turn = to.conversation.turns[run.runNo - 1]!
    const emit = <T extends EventType>(type: T, data: EventData[T]) => append(to, type, data, run.id)
    emit('run.started', { run: { ...run, status: 'running' } })
    let itemNo = 1
    for (const { name, arguments: given, result } of turn.toolCalls) {
      const callId = `call_${itemNo}`
      const call = { type: 'tool_call', callId, name, arguments: given } as JsonObject
      emit('item.created', { item: makeItem(run, itemNo++, 'step', call) })
      emit('item.created', {
        item: makeItem(run, itemNo++, 'step', { type: 'tool_result', callId, result } as JsonObject),
      })
    }
    const message = { type: 'message', role: 'assistant' }
    const item = makeItem(run, itemNo, 'output', { ...message, content: '' })
    const content = this.faults.distort?.(turn.assistant) ?? turn.assistant
    emit('item.created', { item: { ...item, kind: 'step', status: 'streaming' } })
    for (const value of content.match(/\S+\s*|\s+/gu) ?? []) {
      emit('item.delta', { itemId: item.id, patch: [{ op: 'append', path: '/content', value }] })
    }
    emit('item.completed', { item: { ...item, data: { ...message, content } } })
    emit('run.completed', { run: { ...run, status: 'completed', endedAt: AT } })
  }

  #stream(from: FakeSession, request: IncomingMessage, response: ServerResponse, after: number): void {
    if ((this.faults.unreadyStreams ?? 0) > 0) {
      this.faults.unreadyStreams!--
      return send(response, 503, { error: {} })
    }
    const cursor = request.headers['last-event-id']
    this.cursors.push(String(cursor ?? `after ${after}`))
    let next = Math.max(0, Number(cursor ?? after) - (this.faults.repeat ?? 0))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
    if (next < (this.faults.floor ?? 0)) next = writeSnapshot(from, response)
    let sent = 0
    const flush = () => {
      for (; next < from.events.length && !response.destroyed; next++) {
        if (from.events[next]!.seq === this.faults.lose) continue
        write(response, from.events[next]!)
        if (++sent === this.faults.cutAfter) response.end()
        if (sent === this.faults.cutAfter) return void from.readers.delete(flush)
      }
    }
    from.readers.add(flush)
    response.on('close', () => from.readers.delete(flush))
    flush()
  }
}

/** Adds an event to a session's log and tells its readers. */
export function append<T extends EventType>(to: FakeSession, type: T, data: EventData[T], runId?: string): void {
  const event = { seq: to.events.length + 1, type, sessionId: to.session.id, at: AT, data, ...(runId && { runId }) }
  to.events.push(event as SessionEvent)
  for (const flush of to.readers) flush()
}

function writeSnapshot(from: FakeSession, response: ServerResponse): number {
  const { session, items, runs, seq } = from.events.reduce(applyEvent, EMPTY_VIEW)
  const data = { session: session!, items: [...items], runs: [...runs] }
  write(response, { seq, type: 'snapshot', sessionId: from.session.id, at: AT, data })
  return seq
}

function write(response: ServerResponse, event: SessionEvent): void {
  response.write(`: heartbeat\nid: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

function makeItem(run: Run, itemNo: number, kind: ItemKind, data: JsonObject): Item {
  const place = { sessionId: run.sessionId, runId: run.id, runNo: run.runNo, itemNo }
  return { id: `itm_${randomUUID()}`, ...place, kind, status: 'complete', data, createdAt: AT }
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject) : {}
}
