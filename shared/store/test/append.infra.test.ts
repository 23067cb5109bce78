import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { appendEvents } from '../runTransitions.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { holdStands } from '../workers.ts'
import { expectSound } from './invariants.ts'
import {
  type TestEngine,
  append,
  bare,
  completed,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  typesOf,
  requeue,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

async function running() {
  const sessionId = await engine.newSession()
  return engine.take((await engine.say(sessionId)).runId)
}

async function databaseRows(): Promise<unknown> {
  return engine.rows(`select (select count(*) from session_events) + (select count(*) from session_deltas) as log,
    (select jsonb_agg(h order by session_id) from session_heads h) as heads, (select jsonb_agg(r order by id) from runs r) as runs`)
}

describe('an append', () => {
  test('numbers on from the head’s last seq; deltas and events share the numbers', async () => {
    const claimed = await running()
    const item = itemOf(claimed, 1, 'streaming')
    const first = await append(engine.db, holdOf(claimed), created(item), grown(item, 'Hel'))
    const second = await append(
      engine.db,
      holdOf(claimed),
      grown(item, 'lo'),
      completed({ ...item, status: 'complete' }),
    )
    expect([...first, ...second].map((event) => event.seq)).toEqual([5, 6, 7, 8])
    const log = await engine.log(claimed.session.id)
    expect(log.slice(4)).toEqual([...first, ...second])
    expect(typesOf(log)).toEqual([
      'session.created',
      'item.created',
      'run.queued',
      'run.started',
      'item.created',
      'item.delta',
      'item.delta',
      'item.completed',
    ])
    const deltas = await engine.rows<{ seq: number }>(
      'select seq from session_deltas where session_id = $1 order by seq',
      bare(claimed.session.id),
    )
    expect(deltas.map((row) => row.seq)).toEqual([6, 7])
    await expectSound(engine, claimed.session.id)
  })

  test('writes for many runs at once, each into its own log', async () => {
    const claims = await Promise.all(Array.from({ length: 8 }, running))
    const requests = claims.map((claimed, i) => {
      const item = itemOf(claimed, 1, 'streaming')
      return {
        ...holdOf(claimed),
        events: [created(item), ...Array.from({ length: i }, (_, n) => grown(item, `${n}`))],
      }
    })
    const appended = await appendEvents(engine.db, requests)
    for (const [i, claimed] of claims.entries()) {
      expect(appended.get(claimed.run.id)!.map((event) => event.seq)).toEqual(
        Array.from({ length: i + 1 }, (_, n) => 5 + n),
      )
      expect((await engine.log(claimed.session.id)).slice(4)).toEqual(appended.get(claimed.run.id))
      await expectSound(engine, claimed.session.id)
    }
  })

  test('of no runs writes nothing', async () => {
    expect(await appendEvents(engine.db, [])).toEqual(new Map())
  })

  test('leaves out the run whose head somebody else has locked, writes the others, and does not wait', async () => {
    const [busy, free] = [await running(), await running()]
    const other = await engine.db.connect()
    try {
      await other.query('begin')
      await other.query('select from session_heads where session_id = $1 for no key update', [bare(busy.session.id)])
      const requests = [busy, free].map((claimed) => ({
        ...holdOf(claimed),
        events: [created(itemOf(claimed, 1, 'complete'))],
      }))
      const appended = await appendEvents(engine.db, requests)
      expect([...appended.keys()]).toEqual([free.run.id])
      // Not fenced: it comes with the next flush.
      expect(await holdStands(engine.db, holdOf(busy))).toBe(true)
    } finally {
      await other.query('rollback')
      other.release()
    }
    expect(await append(engine.db, holdOf(busy), created(itemOf(busy, 1, 'complete')))).toMatchObject([{ seq: 5 }])
  })
})

describe('a fenced worker changes no row', () => {
  const fences = {
    'another attempt': async (claimed: Awaited<ReturnType<typeof running>>) => {
      await requeue(engine.db, holdOf(claimed), 'lapsed')
      await engine.take(claimed.run.id)
    },
    'its run having gone back to the queue': async (claimed: Awaited<ReturnType<typeof running>>) => {
      await requeue(engine.db, holdOf(claimed), 'failed', 60_000)
    },
    'its run having been cancelled': async (claimed: Awaited<ReturnType<typeof running>>) => {
      await forceEndRun(engine.db, { sessionId: claimed.session.id, runId: claimed.run.id, status: 'cancelled' })
    },
    'its run having ended by itself': async (claimed: Awaited<ReturnType<typeof running>>) => {
      await finish(engine.db, claimed)
    },
    'the session’s next turn': async (claimed: Awaited<ReturnType<typeof running>>) => {
      const { runId } = await engine.say(claimed.session.id)
      await finish(engine.db, claimed)
      await engine.take(runId)
    },
  }

  test.each(Object.entries(fences))('after %s', async (_what, fence) => {
    const claimed = await running()
    await fence(claimed)
    const before = await databaseRows()
    expect(await holdStands(engine.db, holdOf(claimed))).toBe(false)
    expect(await append(engine.db, holdOf(claimed), created(itemOf(claimed, 9, 'complete')))).toEqual([])
    expect(await finish(engine.db, claimed)).toEqual({ outcome: 'fenced' })
    expect(await requeue(engine.db, holdOf(claimed), 'failed')).toBeNull()
    expect(await databaseRows()).toEqual(before)
    await expectSound(engine, claimed.session.id)
  })

  test('while the others of its worker go on', async () => {
    const [fenced, standing] = [await running(), await running()]
    await forceEndRun(engine.db, { sessionId: fenced.session.id, runId: fenced.run.id, status: 'cancelled' })
    const requests = [fenced, standing].map((claimed) => ({
      ...holdOf(claimed),
      events: [created(itemOf(claimed, 1, 'complete'))],
    }))
    expect([...(await appendEvents(engine.db, requests)).keys()]).toEqual([standing.run.id])
  })
})

describe('an append against', () => {
  test('messages to the same session: the log has no gap and nothing twice', async () => {
    const claimed = await running()
    const item = itemOf(claimed, 1, 'streaming')
    const appended = await append(engine.db, holdOf(claimed), created(item))
    const says = Promise.all(Array.from({ length: 30 }, () => engine.say(claimed.session.id)))
    for (let i = 0; i < 40; i++) appended.push(...(await append(engine.db, holdOf(claimed), grown(item, `${i} `))))
    const accepted = await says
    const seqs = [...appended, ...accepted.flatMap(({ events }) => events)].map((event) => event.seq)
    expect(seqs.toSorted((a, b) => a - b)).toEqual(
      (await engine.log(claimed.session.id)).slice(4).map((event) => event.seq),
    )
    await expectSound(engine, claimed.session.id)
  })

  test('a cancel: what it could not write is not there, what it wrote is before the end', async () => {
    for (let round = 0; round < 10; round++) {
      const claimed = await running()
      const item = itemOf(claimed, 1, 'streaming')
      await append(engine.db, holdOf(claimed), created(item))
      const cancel = forceEndRun(engine.db, {
        sessionId: claimed.session.id,
        runId: claimed.run.id,
        status: 'cancelled',
      })
      const written: string[] = []
      for (let i = 0; (await append(engine.db, holdOf(claimed), grown(item, `${i} `))).length > 0; i++)
        written.push(`${i} `)
      expect(await cancel).toMatchObject({ outcome: 'ended' })
      const log = await engine.log(claimed.session.id)
      expect(typesOf(log.slice(-2))).toEqual(['item.completed', 'run.cancelled'])
      expect(log.at(-2)).toMatchObject({
        data: { item: { status: 'incomplete', data: { content: written.join('') } } },
      })
      await expectSound(engine, claimed.session.id)
    }
  })
})
