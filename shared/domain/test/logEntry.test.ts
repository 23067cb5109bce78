import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SessionEvent } from '../events.ts'
import { newId } from '../ids.ts'
import { LogEntry, partsOf } from '../logEntry.ts'

const SESSION = newId('session')
const RUN = newId('run')
const json = fc.jsonValue().map((value) => value as never)

/** In the order of members that the store writes. */
const events = fc
  .record({ seq: fc.nat(), run: fc.boolean(), attempt: fc.option(fc.nat()), data: json })
  .map(({ seq, run, attempt, data }): SessionEvent => ({
    seq,
    type: 'custom',
    sessionId: SESSION,
    ...(run && { runId: RUN }),
    ...(attempt !== null && { attempt }),
    at: '2026-01-01T00:00:00.000Z',
    data: { name: 'n', data },
  }))

const headOf = ({ seq, type, runId }: LogEntry) => ({ seq, type, runId })

describe('an entry', () => {
  test('is the same from text as from an event', () => {
    fc.assert(
      fc.property(events, (event) => {
        const [made, read] = [LogEntry.of(event), LogEntry.read(JSON.stringify(event))]
        expect(headOf(read)).toEqual(headOf(made))
        expect(read.text).toBe(made.text)
        expect(read.event).toEqual(JSON.parse(made.text))
      }),
    )
  })

  test('is read whatever the order of its members', () => {
    const event = { at: '', runId: RUN, data: { name: 'n', data: 1 }, sessionId: SESSION, type: 'custom', seq: 7 }
    expect(headOf(LogEntry.read(JSON.stringify(event)))).toEqual({ seq: 7, type: 'custom', runId: RUN })
    const late = { seq: 7, type: 'custom', sessionId: SESSION, data: { name: 'n', data: 1 }, at: '', runId: RUN }
    expect(headOf(LogEntry.read(JSON.stringify(late)))).toEqual({ seq: 7, type: 'custom', runId: RUN })
  })

  test('in the stream of a run tells what was before it, and leaves the other as it is', () => {
    fc.assert(
      fc.property(events, fc.nat(), (event, prev) => {
        const entry = LogEntry.of(event)
        const linked = entry.after(prev)
        expect(linked.event).toEqual({ ...JSON.parse(entry.text), prev })
        expect(headOf(linked)).toEqual(headOf(entry))
        expect(entry.text).toBe(JSON.stringify(event))
      }),
    )
  })
})

describe('parts', () => {
  test('have all entries in their order, and are one or small', () => {
    fc.assert(
      fc.property(fc.array(events, { minLength: 1 }), fc.integer({ min: 1, max: 1_000 }), (all, chars) => {
        const entries = all.map((event) => LogEntry.of(event))
        const parts = partsOf(entries, chars)
        expect(parts.flat()).toEqual(entries)
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0)
          const size = part.reduce((sum, { text }) => sum + text.length, 0)
          expect(part.length === 1 || size <= chars).toBe(true)
        }
      }),
    )
  })

  test('that are all of it are the very same, so that its frames are made once', () => {
    const entries = [1, 2].map((seq) => LogEntry.read(`{"seq":${seq},"type":"custom","sessionId":"x","at":""}`))
    expect(partsOf(entries, 1_000)[0]).toBe(entries)
    expect(partsOf(entries.slice(1), 1)).toEqual([[entries[1]]])
  })
})
