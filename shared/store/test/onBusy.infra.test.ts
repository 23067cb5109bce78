import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type OnBusy, ON_BUSY } from '@shared/domain/agents'
import { isTerminal } from '@shared/domain/events'
import { newId } from '@shared/domain/ids'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import { acceptMessage } from '../acceptMessage.ts'
import { readHistory } from '../history.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { listRuns } from '../sessions.ts'
import { expectSound } from './invariants.ts'
import { answer, pause } from './legs.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  textOf,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** A run that streams, and two messages behind it. */
async function streaming() {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  const [whole, open] = [itemOf(claimed, 1, 'complete', 'step', 'whole'), itemOf(claimed, 2, 'streaming')]
  await append(engine.db, holdOf(claimed), created(whole), created(open), grown(open, 'half'))
  const behind = [await engine.say(sessionId), await engine.say(sessionId)]
  return { sessionId, claimed, runIds: [claimed.run.id, ...behind.map(({ runId }) => runId)] }
}

const keyOf = (key: string) => ({ principal: 'somebody', route: 'POST /messages', key, requestHash: 'hash' })
const shown = async (sessionId: string) => {
  const { items } = (await readSnapshot(engine.db, sessionId))!
  return items.map((item) => [item.runNo, textOf(item), item.status])
}

describe('a message that takes the place of what lives', () => {
  test('cancels it in order, keeps what was shown, and is next; all in one transaction', async () => {
    const { sessionId, claimed, runIds } = await streaming()
    const before = (await engine.log(sessionId)).length
    const said = await engine.say(sessionId, { onBusy: 'interrupt' })
    expect(said).toMatchObject({ cancelled: runIds, ringAfterMs: 0 })
    expect(typesOf(said.events)).toEqual([
      'item.completed',
      ...Array<string>(3).fill('run.cancelled'),
      'item.created',
      'run.queued',
    ])
    expect(said.events.map((event) => event.seq)).toEqual(Array.from({ length: 6 }, (_, i) => before + 1 + i))
    expect(said.seq).toBe(before + 6)
    expect((await engine.log(sessionId)).slice(before)).toEqual(said.events)
    expect(new Set(said.events.slice(0, 4).map((event) => event.runId))).toEqual(new Set(runIds))
    expect(await shown(sessionId)).toEqual([
      [1, 'hello', 'complete'],
      [1, 'whole', 'complete'],
      [1, 'half', 'incomplete'],
      ...[2, 3, 4].map((runNo) => [runNo, 'hello', 'complete']),
    ])
    const history = await readHistory(engine.db, sessionId, 4, 100)
    expect(history.map(({ incomplete }) => incomplete)).toEqual([false, false, true, false, false])
    expect((await finish(engine.db, claimed)).outcome).toBe('fenced')
    await engine.take(said.runId)
    await expectSound(engine, sessionId)
  })

  test('with rollback also takes what was shown out of the conversation', async () => {
    const { sessionId } = await streaming()
    const said = await engine.say(sessionId, { onBusy: 'rollback' })
    const hidden = ['items.hidden', 'run.cancelled']
    expect(typesOf(said.events)).toEqual([
      'item.completed',
      ...hidden,
      ...hidden,
      ...hidden,
      'item.created',
      'run.queued',
    ])
    expect(said.events[1]).toMatchObject({ data: { reason: 'rolled_back', itemIds: { length: 3 } } })
    expect(await shown(sessionId)).toEqual([[4, 'hello', 'complete']])
    expect(await readHistory(engine.db, sessionId, 4, 100)).toEqual([])
    await expectSound(engine, sessionId)
  })

  test('ends a pause as well; its answers then come too late', async () => {
    const sessionId = await engine.newSession()
    const claimed = await engine.take((await engine.say(sessionId)).runId)
    await pause(engine, holdOf(claimed), 'first')
    expect(await engine.say(sessionId, { onBusy: 'interrupt' })).toMatchObject({ cancelled: [claimed.run.id] })
    expect((await answer(engine, holdOf(claimed), 'first')).outcome).toBe('not_paused')
    await expectSound(engine, sessionId)
  })

  test('is answered with the same acceptance when it is asked for again, and cancels nothing then', async () => {
    const { sessionId } = await streaming()
    const idempotency = keyOf(newId('request'))
    const { runId, itemId, seq } = await engine.say(sessionId, { onBusy: 'interrupt', idempotency })
    await engine.take(runId)
    const log = await engine.log(sessionId)
    expect(log[seq - 1]).toMatchObject({ type: 'run.queued', data: { run: { id: runId } } })
    const again = await acceptMessage(engine.db, engine.message(sessionId, { onBusy: 'interrupt', idempotency }))
    expect(again).toEqual({ outcome: 'replayed', sessionId, runId, itemId, seq })
    expect(await engine.log(sessionId)).toEqual(log)
  })

  test('comes through while a worker appends all the time', async () => {
    const { sessionId, claimed } = await streaming()
    const open = itemOf(claimed, 3, 'streaming')
    await append(engine.db, holdOf(claimed), created(open))
    let written = 0
    const writing = (async () => {
      while ((await append(engine.db, holdOf(claimed), grown(open, 'x'))).length > 0) {
        written++
        await sleep(5)
      }
    })()
    for (const deadline = performance.now() + 5_000; written < 3 && performance.now() < deadline;) await sleep(5)
    await engine.say(sessionId, { onBusy: 'interrupt' })
    await writing
    expect((await shown(sessionId))[3]).toEqual([1, 'x'.repeat(written), 'incomplete'])
    await expectSound(engine, sessionId)
  })
})

describe('a merged message', () => {
  const merge = (sessionId: string, content: string, more = {}) =>
    engine.say(sessionId, { onBusy: 'merge', input: { content }, ...more })

  async function dueIn(runId: string): Promise<number> {
    const [row] = await engine.rows<{ ms: number }>(
      'select extract(epoch from due_at - created_at)::float8 * 1000 as ms from runs where id = $1',
      bare(runId),
    )
    return row!.ms
  }

  test('joins the last run that nobody has begun; the agent gets all inputs in order', async () => {
    const sessionId = await engine.newSession()
    const claimed = await engine.take((await engine.say(sessionId)).runId)
    const first = await merge(sessionId, 'one', { metadata: { a: 1, b: 1 } })
    const second = await merge(sessionId, 'two', { metadata: { b: 2 } })
    expect(second).toMatchObject({ runId: first.runId, ringAfterMs: null, cancelled: [] })
    expect(typesOf(second.events)).toEqual(['item.created', 'run.queued'])
    expect(second.events[1]).toMatchObject({ seq: second.seq, data: { run: { id: first.runId, queuePosition: 1 } } })
    await finish(engine.db, claimed)
    const joined = await engine.take(first.runId)
    expect(joined.inputs).toEqual([{ content: 'one' }, { content: 'two' }])
    expect(joined.run).toMatchObject({ nextItemNo: 2, metadata: { a: 1, b: 2 } })
    expect((await merge(sessionId, 'three')).runId).not.toBe(first.runId)
    await expectSound(engine, sessionId)
  })

  test('does not join a run of another type, nor one that is not the last', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.say(sessionId)
    const other = await merge(sessionId, 'other', { runType: 'poem' })
    const third = await merge(sessionId, 'third')
    expect(new Set([first.runId, other.runId, third.runId]).size).toBe(3)
    await expectSound(engine, sessionId)
  })

  test('puts its run off by its debounce, but never beyond the longest', async () => {
    await engine.clear()
    const sessionId = await engine.newSession()
    const { runId, ringAfterMs } = await merge(sessionId, 'one', { debounceMs: 20_000 })
    expect(ringAfterMs).toBe(20_000)
    expect(await dueIn(runId)).toBe(20_000)
    expect(await engine.claim(await engine.newWorker(), 1, [runId])).toEqual([])
    await engine.rows(`update runs set created_at = created_at - interval '15 s' where id = $1`, bare(runId))
    expect((await merge(sessionId, 'two', { debounceMs: 20_000 })).ringAfterMs).toBeLessThanOrEqual(15_000)
    expect(await dueIn(runId)).toBe(tunables.maxDebounce)
    await engine.rows(`update runs set created_at = created_at - interval '20 s' where id = $1`, bare(runId))
    expect((await merge(sessionId, 'three', { debounceMs: 20_000 })).ringAfterMs).toBe(0)
    expect((await engine.take(runId)).inputs).toHaveLength(3)
  })

  test('without a debounce lets its run begin at once', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await merge(sessionId, 'one', { debounceMs: 20_000 })
    expect(await merge(sessionId, 'go')).toMatchObject({ runId, ringAfterMs: 0 })
    await engine.take(runId)
  })

  test('is answered with the run that it has joined when it is asked for again', async () => {
    const sessionId = await engine.newSession()
    const first = await merge(sessionId, 'one')
    const idempotency = keyOf(newId('request'))
    const { runId, itemId, seq } = await merge(sessionId, 'two', { idempotency })
    await engine.take(first.runId)
    const log = await engine.log(sessionId)
    const again = await acceptMessage(engine.db, engine.message(sessionId, { onBusy: 'merge', idempotency }))
    expect(again).toEqual({ outcome: 'replayed', sessionId, runId, itemId, seq })
    expect([runId, await engine.log(sessionId)]).toEqual([first.runId, log])
  })
})

test.each(ON_BUSY)(
  'fifty messages at once with %s while a worker claims: none lost, in order, each ends once',
  async (onBusy) => {
    const sessionId = await engine.newSession()
    const first = await engine.say(sessionId)
    let sending = true
    const live = async () => (await readSnapshot(engine.db, sessionId))!.runs.some((run) => !isEnded(run.status))
    const worker = (async () => {
      const id = await engine.newWorker()
      while (sending || (await live()))
        for (const claimed of await engine.claim(id, 5)) await finish(engine.db, claimed)
    })()
    const messages = Array.from({ length: 50 }, () => engine.message(sessionId, { onBusy: onBusy as OnBusy }))
    const answers = await Promise.all(messages.map((message) => acceptMessage(engine.db, message)))
    sending = false
    await worker

    const runs = await listRuns(engine.db, sessionId, null, { limit: 200, order: 'asc' })
    const accepted = answers.flatMap((said) => (said.outcome === 'accepted' ? [said] : []))
    if (onBusy !== 'reject') expect(accepted).toHaveLength(50)
    expect(new Set(runs.map((run) => run.id))).toEqual(new Set([first, ...accepted].map(({ runId }) => runId)))
    expect(runs.every((run) => isEnded(run.status))).toBe(true)
    const log = await engine.log(sessionId)
    const ended = log.flatMap((event) => (isTerminal(event) ? [event.runId] : []))
    expect(ended).toEqual(runs.map((run) => run.id))
    const inputs = await engine.rows(
      'select id from items where session_id = $1 and kind = $2',
      bare(sessionId),
      'input',
    )
    expect(inputs).toHaveLength(accepted.length + 1)
    await expectSound(engine, sessionId)
  },
)
