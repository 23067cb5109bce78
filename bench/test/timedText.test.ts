import { timedPiece } from '../agent/script.ts'
import { TimedRuns } from '../load/timedRuns.ts'
import { TimedText } from '../load/timedText.ts'

const NOW = 1_790_000_000_000
const pieces = Array.from({ length: 5 }, (_, index) => timedPiece(index, NOW + index))
const whole = pieces.join('')

/** The text in two parts, cut there. */
function cutAt(place: number): TimedText {
  const text = new TimedText()
  text.take(whole.slice(0, place), NOW + 10)
  text.take(whole.slice(place), NOW + 20)
  return text
}

test.each(Array.from({ length: whole.length + 1 }, (_, place) => place))(
  'a text that is cut at %i is whole',
  (place) => {
    const text = cutAt(place)
    expect(text.fault(5)).toBeNull()
    expect(text.text).toBe(whole)
    expect(text.firstSentAt).toBe(NOW)
    const early = Math.floor(place / pieces[0]!.length)
    expect(text.delays).toEqual([0, 1, 2, 3, 4].map((index) => (index < early ? 10 : 20) - index))
  },
)

const without = (index: number) => pieces.filter((_, n) => n !== index)
test.each([
  ['a lost piece', without(2).join('')],
  ['the last piece lost', without(4).join('')],
  ['the first piece lost', without(0).join('')],
  ['a doubled piece', [...pieces, pieces[4]].join('')],
  ['pieces out of order', [pieces[1], pieces[0], ...pieces.slice(2)].join('')],
  ['a lost character', whole.slice(0, 30) + whole.slice(31)],
  ['a strange character', `${whole.slice(0, 30)}x${whole.slice(30)}`],
  ['a lost end', whole.slice(0, -1)],
  ['nothing', ''],
])('%s shows', (_what, changed) => {
  const text = new TimedText()
  text.take(changed, NOW)
  expect(text.fault(5)).not.toBeNull()
})

describe('a run with a timed text', () => {
  const item = (content: string) => ({ id: 'itm_1', kind: 'output', data: { content } })
  const frame = (seq: number, type: string, data: object) =>
    JSON.stringify({ seq, type, sessionId: 'ses_1', runId: 'run_1', data })
  const delta = (value: string) => ({ itemId: 'itm_1', patch: [{ op: 'append', path: '/content', value }] })
  const read = (frames: string[]) => {
    const runs = new TimedRuns('ses_1', 0)
    for (const [index, json] of frames.entries()) runs.take(json, NOW + 100 * (index + 1))
    return { run: runs.expect('run_1', 5), faults: runs.check.faults }
  }

  test('is whole however it came, and tells when its first text did', () => {
    const grown = read([
      frame(1, 'item.created', { item: item('') }),
      frame(2, 'item.delta', delta(whole.slice(0, 50))),
      frame(3, 'item.delta', delta(whole.slice(50))),
      frame(4, 'item.completed', { item: item(whole) }),
      frame(5, 'run.completed', {}),
    ])
    expect(grown).toMatchObject({ faults: [], run: { firstAt: NOW + 200, parts: 2 } })
    const atOnce = read([frame(1, 'item.completed', { item: item(whole) }), frame(2, 'run.completed', {})])
    expect(atOnce).toMatchObject({ faults: [], run: { firstAt: NOW + 100, parts: 1 } })
  })

  test('that was settled to another text, or lost some, is a fault', () => {
    const begun = [frame(1, 'item.created', { item: item('') }), frame(2, 'item.delta', delta(whole))]
    const settled = (text: string) => [frame(3, 'item.completed', { item: item(text) }), frame(4, 'run.completed', {})]
    expect(read([...begun, ...settled(whole)]).faults).toEqual([])
    expect(read([...begun, ...settled(whole.slice(1))]).faults).not.toEqual([])
    expect(read([...begun.slice(1), ...settled(whole)]).faults).not.toEqual([])
    expect(read(settled(whole)).faults).not.toEqual([])
  })
})
