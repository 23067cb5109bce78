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

/** Folds event by event, as they come, and looks at the text as often as a page would. */
function measure(streaming: number): number {
  const events = deltas(streaming)
  let view = session(streaming)
  const start = performance.now()
  for (const event of events) {
    view = applyEvent(view, event)
    if (event.seq % 10 === 0) textOf(view, streaming).codePointAt(view.seq)
  }
  const took = performance.now() - start
  if (textOf(view, streaming).length !== DELTAS * 6) throw new Error('A delta was lost.')
  return took
}

function textOf(view: SessionView, place: number): string {
  const content = view.items[place]?.data.content
  if (typeof content !== 'string') throw new Error('The item has lost its text.')
  return content
}

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
const rows = [ITEMS - 1, 0].map((streaming) => {
  const ms = median(Array.from({ length: ROUNDS }, () => measure(streaming)))
  return { streaming, ms }
})
for (const { streaming, ms } of rows)
  console.log(`${DELTAS} deltas into item ${streaming + 1} of ${ITEMS}: ${ms.toFixed(1)} ms (within ${WITHIN_MS})`)
if (rows.some(({ ms }) => ms > WITHIN_MS)) process.exitCode = 1
