import { AgentViewClient } from '@agentview/client'
import { EMPTY_VIEW, type Item, type SessionEvent, type SessionView, applyEvent } from '@agentview/contracts'

const ITEMS = 500
const DELTAS = 10_000
const ROUNDS = 7
const AT = '2026-01-01T00:00:00.000Z'
/** What was promised for one core. */
const WITHIN_MS = 150

/** A session of 500 items, the last one or the first one still streaming. */
function session(streaming: number): SessionView {
  const items: Item[] = Array.from({ length: ITEMS }, (_, index) => ({
    ...{ id: `itm_${index}`, sessionId: 'ses_1', runId: `run_${index}`, runNo: index + 1, itemNo: 1, createdAt: AT },
    ...{ kind: 'output', status: index === streaming ? 'streaming' : 'complete' },
    data: { type: 'message', role: 'assistant', content: index === streaming ? '' : 'words '.repeat(50) },
  }))
  return { ...EMPTY_VIEW, seq: 1, items }
}

function deltas(streaming: number): SessionEvent[] {
  return Array.from({ length: DELTAS }, (_, index) => ({
    ...{ seq: index + 2, type: 'item.delta', sessionId: 'ses_1', at: AT },
    data: { itemId: `itm_${streaming}`, patch: [{ op: 'append', path: '/content', value: `word${index % 10} ` }] },
  }))
}

/** What this process has used since: others on the machine don't count. */
function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

/** Folds event by event, as they come, and looks at the text as often as a page would. */
function measure(streaming: number): number {
  const events = deltas(streaming)
  let view = session(streaming)
  const start = process.cpuUsage()
  for (const event of events) {
    view = applyEvent(view, event)
    if (event.seq % 10 === 0) textOf(view, streaming).codePointAt(view.seq)
  }
  const took = cpuMs(start)
  if (textOf(view, streaming).length !== DELTAS * 6) throw new Error('A delta was lost.')
  return took
}

function textOf(view: SessionView, place: number): string {
  const content = view.items[place]?.data.content
  if (typeof content !== 'string') throw new Error('The item has lost its text.')
  return content
}

/** The same through the client, from a stream's bytes to the messages that a page shows. */
async function measureClient(streaming: number): Promise<number> {
  const frames = deltas(streaming).map(
    (event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  )
  const chunks = Array.from({ length: 100 }, (_, index) =>
    new TextEncoder().encode(frames.slice(index * 100, index * 100 + 100).join('')),
  )
  // Once all was given, the stream stays silent and open, as a server's does.
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const chunk = chunks.shift()
    if (chunk) controller.enqueue(chunk)
    return chunk ? undefined : new Promise<void>(() => undefined)
  }
  const body = { id: 'ses_1', agent: 'bench', state: null, lastSeq: 1, items: session(streaming).items, runs: [] }
  const client = new AgentViewClient({
    ...{ endpoint: 'http://bench', token: 'token', transports: ['sse'], autoConnect: false },
    async fetch(url) {
      if (!String(url as string).includes('/events')) return Response.json(body)
      const stream = new ReadableStream({ pull })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  await client.loadSession('ses_1')
  const done = new Promise<void>((resolve) => {
    client.on('session:event', ({ seq }) => void (seq === DELTAS + 1 && resolve()))
  })
  const start = process.cpuUsage()
  client.connect()
  await done
  const { messages } = client.getState()
  const took = cpuMs(start)
  client.disconnect()
  if (messages[streaming]?.text?.length !== DELTAS * 6) throw new Error('A delta was lost.')
  return took
}

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
let missed = false

async function tell(what: string, measureOnce: () => number | Promise<number>): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) times.push(await measureOnce())
  const ms = median(times)
  missed ||= ms > WITHIN_MS
  console.log(`${DELTAS} deltas into ${what} of ${ITEMS} items: ${ms.toFixed(1)} ms of CPU (within ${WITHIN_MS})`)
}

await tell('the last', () => measure(ITEMS - 1))
await tell('the first', () => measure(0))
await tell('the last, from the bytes of a stream through the client,', () => measureClient(ITEMS - 1))
if (missed) process.exitCode = 1
