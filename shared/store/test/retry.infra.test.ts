import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { beginExternalRun } from '../externalRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readHistory } from '../history.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { type RunRetry, retryRun } from '../retryRun.ts'
import { countRows, expectSound } from './invariants.ts'
import { ERROR, type TestEngine, bare, finish, startTestEngine, textOf, typesOf } from './testEngine.ts'
import { readInputs } from '../runs.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

async function retry(sessionId: string, runId: string, more: Partial<RunRetry> = {}) {
  const { organizationId, agentVersionId, version } = engine.message(sessionId)
  const what = { organizationId, sessionId, runId, runType: 'chat', metadata: { kept: 1 }, agentVersionId, version }
  const inputs = await readInputs(engine.db, runId)
  return retryRun(engine.db, { ...what, inputs, onBusy: 'enqueue', ...more })
}

async function failed() {
  const sessionId = await engine.newSession()
  await finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
  const claimed = await engine.take((await engine.say(sessionId, { input: { content: 'again?' } })).runId)
  await finish(engine.db, claimed, { status: 'failed', error: ERROR })
  return { sessionId, runId: claimed.run.id }
}

const shown = async (sessionId: string) => {
  const { items } = (await readSnapshot(engine.db, sessionId))!
  return items.map((item) => [item.runNo, textOf(item)])
}

/** What a refusal leaves as it was. */
async function expectRefused(outcome: string, attempt: () => ReturnType<typeof retry>): Promise<void> {
  const before = await countRows(engine)
  expect((await attempt()).outcome).toBe(outcome)
  expect(await countRows(engine)).toEqual(before)
}

describe('a run that a person tries anew', () => {
  test('is a new one with the same inputs; what the old one had made leaves the conversation', async () => {
    const { sessionId, runId } = await failed()
    const retried = await retry(sessionId, runId)
    if (retried.outcome !== 'accepted') throw new Error(retried.outcome)
    expect(typesOf(retried.events)).toEqual(['items.hidden', 'item.created', 'run.queued'])
    expect(retried.events.map((event) => event.runId)).toEqual([runId, retried.runId, retried.runId])
    expect(retried).toMatchObject({ ringAfterMs: 0, seq: retried.events.at(-1)!.seq })
    expect(retried.events[1]).toMatchObject({ data: { item: { id: retried.itemId } } })
    expect(await engine.run(retried.runId)).toMatchObject({ retryOf: runId, metadata: { kept: 1 } })
    expect(await shown(sessionId)).toEqual([
      [1, 'hello'],
      [1, 'bye'],
      [3, 'again?'],
    ])
    expect(await readHistory(engine.db, sessionId, 3, 100)).toHaveLength(2)
    expect((await engine.take(retried.runId)).inputs).toEqual([{ content: 'again?' }])
    await expectSound(engine, sessionId)
  })

  test('gets all inputs of messages that were merged, and none joins it', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId, { input: { content: 'one' } })
    await engine.say(sessionId, { onBusy: 'merge', input: { content: 'two' } })
    await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    const retried = await retry(sessionId, runId)
    if (retried.outcome !== 'accepted') throw new Error(retried.outcome)
    expect(retried.seq).toBe(retried.events.at(-1)!.seq)
    expect((await engine.say(sessionId, { onBusy: 'merge' })).runId).not.toBe(retried.runId)
    expect((await engine.take(retried.runId)).inputs).toEqual([{ content: 'one' }, { content: 'two' }])
    await expectSound(engine, sessionId)
  })

  test('is refused while it lives, when it is not the last one, or is another session’s', async () => {
    const { sessionId, runId } = await failed()
    const other = await engine.newSession()
    await expectRefused('absent', () => retry(other, runId))
    const next = await engine.say(sessionId)
    await expectRefused('not_last_run', () => retry(sessionId, runId))
    expect(await retry(sessionId, next.runId)).toEqual({ outcome: 'busy', activeRunId: next.runId })
    await expectRefused('absent', () => retry(sessionId, newId('run')))
    await expectSound(engine, sessionId)
  })

  test('stands behind earlier ones that live; with `reject` it is refused', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    const waiting = await engine.say(sessionId)
    const last = await engine.say(sessionId)
    await forceEndRun(engine.db, { sessionId, runId: last.runId, status: 'cancelled' })
    expect(await retry(sessionId, last.runId, { onBusy: 'reject' })).toEqual({
      outcome: 'busy',
      activeRunId: first.run.id,
    })
    const retried = await retry(sessionId, last.runId)
    if (retried.outcome !== 'accepted') throw new Error(retried.outcome)
    expect(retried.ringAfterMs).toBeNull()
    expect(retried.events.at(-1)).toMatchObject({ data: { run: { queuePosition: 2 } } })
    await expectSound(engine, sessionId)
    expect(await finish(engine.db, first)).toMatchObject({ nextRunId: waiting.runId })
    expect(await finish(engine.db, await engine.take(waiting.runId))).toMatchObject({ nextRunId: retried.runId })
  })

  test('needs an input: what its agent app had begun by itself has none', async () => {
    const sessionId = await engine.newSession()
    const { organizationId, agentVersionId, version } = engine.message(sessionId)
    const run = { organizationId, sessionId, runType: 'chat', input: null, runMetadata: {}, agentVersionId, version }
    const end = { status: 'failed' as const, error: ERROR }
    const begun = await beginExternalRun(engine.db, { ...run, idleMs: 1_000, items: [{}], end })
    if (begun.outcome !== 'accepted') throw new Error(begun.outcome)
    await expectRefused('no_input', () => retry(sessionId, begun.runId))
  })

  test('is tried anew once, also when it is asked for twenty times at once; the same key gets the same answer', async () => {
    const { sessionId, runId } = await failed()
    const twice = await Promise.all(Array.from({ length: 20 }, () => retry(sessionId, runId)))
    expect(twice.map(({ outcome }) => outcome).toSorted()).toEqual([
      'accepted',
      ...Array<string>(19).fill('not_last_run'),
    ])
    await expectSound(engine, sessionId)

    const other = await failed()
    const idempotency = { principal: 'p', route: 'POST retry', key: newId('request'), requestHash: 'hash' }
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => retry(other.sessionId, other.runId, { idempotency })),
    )
    expect(asked.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', ...Array<string>(19).fill('replayed')])
    expect(
      new Set(asked.map((answer) => 'seq' in answer && `${answer.runId} ${answer.seq} ${answer.itemId}`)).size,
    ).toBe(1)
    const [row] = await engine.rows<{ count: number }>(
      'select count(*)::int as count from runs where session_id = $1',
      bare(other.sessionId),
    )
    expect(row!.count).toBe(3)
    await expectSound(engine, other.sessionId)
  })
})
