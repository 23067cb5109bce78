import { describe, expect, test } from '@jest/globals'
import { newId, uuidOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import type { WorkerEnd } from '@shared/store/endRuns'
import type { Database } from '@shared/store/pool'
import { createFinishBatches } from '../finishBatches.ts'
import { type Deferred, deferred, settle } from './fakes.ts'
import { refusal } from './fakeLog.ts'

/** Ends of which a test answers each batch; what is fenced by Postgres is told by the run's id. */
function start() {
  const batches: { runs: string[]; answer: Deferred<string[]> }[] = []
  async function query({ values }: { values: unknown[] }) {
    const ends: { runId: string }[] = JSON.parse(String(values[0]))
    const answer = deferred<string[]>()
    batches.push({ runs: ends.map(({ runId }) => runId), answer })
    const fenced = await answer.promise
    const outcome = (runId: string) => ({ runId, outcome: fenced.includes(runId) ? 'fenced' : 'already_ended' })
    return { rows: ends.map(({ runId }) => ({ ended: outcome(runId) })) }
  }
  return { batches, finishes: createFinishBatches({ query } as unknown as Database) }
}

function newEnd(content = ''): WorkerEnd {
  return {
    sessionId: newId('session'),
    runId: newId('run'),
    right: { epoch: 1 },
    status: 'failed',
    error: { code: 'agent_error', message: content },
    items: [],
    events: [],
    attempt: { outcome: 'failed' },
  }
}

const bare = ({ runId }: WorkerEnd) => uuidOf('run', runId)

describe('ends', () => {
  test('of one turn go together, and those that come while many are under way with the next batch', async () => {
    const { batches, finishes } = start()
    const ends = Array.from({ length: tunables.finish.few + 2 }, () => newEnd())
    const last = ends.splice(-2)
    const first = ends.map((end) => finishes.end(end))
    await settle()
    expect(batches.map(({ runs }) => runs)).toEqual([ends.map(bare)])
    const second = last.map((end) => finishes.end(end))
    await settle()
    expect(batches).toHaveLength(1)
    batches[0]!.answer.resolve([bare(ends[1]!)!])
    const outcomes = (await Promise.all(first)).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(ends.map((_end, index) => (index === 1 ? 'fenced' : 'already_ended')))
    await settle()
    expect(batches[1]!.runs).toEqual(last.map(bare))
    batches[1]!.answer.resolve([])
    await Promise.all(second)
  })

  test('that Postgres refuses are tried alone: only the one to blame fails', async () => {
    const { batches, finishes } = start()
    const [well, wrong] = [newEnd(), newEnd()]
    const ending = Promise.allSettled([finishes.end(well), finishes.end(wrong)])
    await settle()
    batches[0]!.answer.reject(refusal('22P05'))
    await settle()
    batches[1]!.answer.resolve([])
    await settle()
    batches[2]!.answer.reject(refusal('22P05'))
    expect((await ending).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(batches.slice(1).map(({ runs }) => runs)).toEqual([[bare(well)], [bare(wrong)]])
  })

  test('of a connection that broke all fail, each to be tried again by its run', async () => {
    const { batches, finishes } = start()
    const ending = Promise.allSettled([finishes.end(newEnd()), finishes.end(newEnd())])
    await settle()
    batches[0]!.answer.reject(new Error('Connection terminated unexpectedly'))
    expect((await ending).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    void finishes.end(newEnd())
    await settle()
    expect(batches).toHaveLength(2)
    batches[1]!.answer.resolve([])
  })

  test('go together up to a size; one that is larger goes alone', async () => {
    const { batches, finishes } = start()
    const large = 'x'.repeat(tunables.finishChars + 1)
    const ends = [newEnd(large), newEnd(), newEnd('x'.repeat(tunables.finishChars / 2)), newEnd(large)]
    const ending = Promise.all(ends.map((end) => finishes.end(end)))
    for (let batch = 0; batch < 3; batch++) {
      await settle()
      batches[batch]!.answer.resolve([])
    }
    await ending
    expect(batches.map(({ runs }) => runs)).toEqual([
      [bare(ends[0]!)],
      [bare(ends[1]!), bare(ends[2]!)],
      [bare(ends[3]!)],
    ])
  })
})
