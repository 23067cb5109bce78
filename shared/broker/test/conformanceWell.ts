import type { TestedService } from './conformance.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type BrokerProcess, brokerProcesses } from './startProcess.ts'

/**
 * Bells, news and aborts between two processes, while all is well. That a call says in time that it was late is no loss:
 * on a busy machine it may, and what it said still comes.
 */
export function testWithTwo(service: () => TestedService): void {
  const start = brokerProcesses({ keep: true })
  let first: BrokerProcess
  let second: BrokerProcess
  let names = 0
  const nameOf = (kind: 'run' | 'ses') => `${kind}_${String(++names).padStart(26, '0')}`

  beforeAll(async () => {
    const address = service().newAddress()
    ;[first, second] = await Promise.all([start(address), start(address)])
  })
  afterEach(() => Promise.all([first.call('stopAnswering'), second.call('stopAnswering')]))

  test('a bell that one process rings is answered by the other', async () => {
    const runId = nameOf('run')
    await second.call('answer')
    await first.call('ring', [runId])
    await second.until('the bell', ({ rung }) => rung.includes(runId))
    expect(first.rung).not.toContain(runId)
  })

  test('a bell that waits is counted, and answered by who comes later', async () => {
    const runId = nameOf('run')
    await eventually(async () => (await first.call('depth')) === 0)
    await first.call('ring', [runId])
    await eventually(async () => (await second.call('depth')) === 1)
    await second.call('answer')
    await second.until('the bell', ({ rung }) => rung.includes(runId))
    await eventually(async () => (await first.call('depth')) === 0)
  })

  test('a process answers its own bells, each once', async () => {
    const runIds = Array.from({ length: 20 }, () => nameOf('run'))
    await first.call('answer')
    for (const runId of runIds) {
      await first.call('ring', [runId])
      await first.until('the bell', ({ rung }) => rung.includes(runId))
    }
    // Bells are answered in order, so nothing of the earlier ones can follow this one.
    const last = nameOf('run')
    await second.call('ring', [last])
    await first.until('the last bell', ({ rung }) => rung.includes(last))
    expect(first.rung.filter((runId) => runIds.includes(runId))).toEqual(runIds)
  })

  test('run ids of one tick come as one bell', async () => {
    const [one, two, three] = [nameOf('run'), nameOf('run'), nameOf('run')]
    await second.call('answer')
    await first.call('ringAtOnce', [[one], [two, three], [one], []])
    await second.until('the bell', ({ rung }) => rung.includes(three))
    expect(second.bells.filter((bell) => bell.includes(one))).toEqual([[one, two, three]])
  })

  test('the handler is called by one bell at a time', async () => {
    const runIds = Array.from({ length: 30 }, () => nameOf('run'))
    await Promise.all([first.call('answer'), second.call('answer')])
    await Promise.all(runIds.map((runId, index) => (index % 2 ? first : second).call('ring', [runId])))
    const answered = () => new Set([...first.rung, ...second.rung])
    await eventually(() => runIds.every((runId) => answered().has(runId)))
    expect([...first.heard, ...second.heard].filter(({ type }) => type === 'error')).toEqual([])
  })

  test('a handler that throws is reported, and the next bell is answered', async () => {
    const [failing, next] = [nameOf('run'), nameOf('run')]
    await second.call('failBells', 1)
    await second.call('answer')
    await first.call('ring', [failing])
    await second.until('the report', ({ heard }) =>
      heard.some((said) => said.type === 'error' && said.where === 'a bell'),
    )
    await first.call('ring', [next])
    await second.until('the next bell', ({ rung }) => rung.includes(next))
    second.heard.splice(0)
  })

  test('a paused process takes no bells, others do, and it does again when it resumes', async () => {
    await Promise.all([first.call('answer'), second.call('answer')])
    for (const [paused, awake] of [
      [first, second],
      [second, first],
    ] as const) {
      await paused.call('pause')
      const runIds = Array.from({ length: 10 }, () => nameOf('run'))
      for (const runId of runIds) await paused.call('ring', [runId])
      await awake.until('all bells', ({ rung }) => runIds.every((runId) => rung.includes(runId)))
      expect(paused.rung.filter((runId) => runIds.includes(runId))).toEqual([])
      await paused.call('resume')
    }
  })

  test('pausing and resuming all the time loses no bell', async () => {
    await second.call('answer')
    const runIds = Array.from({ length: 60 }, () => nameOf('run'))
    const pausing = second.call('pauseAndResume', 60)
    for (const [index, runId] of runIds.entries()) await (index % 2 ? first : second).call('ring', [runId])
    await pausing
    await second.until('all bells', ({ rung }) => runIds.every((runId) => rung.includes(runId)))
  })

  test('who stops answering lets a running handler end', async () => {
    const [running, later] = [nameOf('run'), nameOf('run')]
    await second.call('hold')
    await second.call('answer')
    await first.call('ring', [running])
    await second.until('the bell', ({ rung }) => rung.includes(running))
    const stopped = second.call('stopAnswering')
    await first.call('ring', [later])
    await second.call('release')
    expect((await stopped).error).toBeNull()
    await first.call('answer')
    await first.until('the later bell', ({ rung }) => rung.includes(later))
    expect(first.rung).not.toContain(running)
    expect(second.rung).not.toContain(later)
  })

  test('news come in order and once, here with their events', async () => {
    const sessionId = nameOf('ses')
    await Promise.all([first.call('watch', sessionId), second.call('watch', sessionId)])
    await first.call('publishMany', sessionId, 1, 200)
    const all = Array.from({ length: 200 }, (_, index) => index + 1)
    expect(first.lastSeqs(sessionId)).toEqual(all)
    expect(first.newsOf(sessionId)[199]?.events).toMatchObject([{ seq: 200, sessionId, data: { data: '🎈\n' } }])
    await second.until('the last news', (process) => process.lastSeqs(sessionId).at(-1) === 200)
    expect(isAscending(second.lastSeqs(sessionId))).toBe(true)
    if (service().carriesEvents) expect(second.newsOf(sessionId)).toEqual(first.newsOf(sessionId))
    // An echo of our own would be heard before the other's answer.
    await second.call('publish', sessionId, [201])
    await first.until('the answer', (process) => process.lastSeqs(sessionId).at(-1) === 201)
    expect(first.lastSeqs(sessionId)).toEqual([...all, 201])
  })

  test('one call tells of many sessions', async () => {
    const sessionIds = Array.from({ length: 600 }, () => nameOf('ses'))
    for (const sessionId of sessionIds) await second.call('watch', sessionId)
    await first.call(
      'publishBatch',
      sessionIds.map((sessionId, index) => [sessionId, index]),
    )
    await second.until('all news', (process) => process.newsOf(sessionIds.at(-1)!).length === 1)
    expect(sessionIds.map((sessionId) => second.lastSeqs(sessionId))).toEqual(sessionIds.map((_, index) => [index]))
  })

  test('only news of watched sessions are heard, and watching is counted', async () => {
    const [watched, other, sentinel] = [nameOf('ses'), nameOf('ses'), nameOf('ses')]
    for (const process of [first, second]) {
      await process.call('watch', sentinel)
      await process.call('watch', watched)
      await process.call('watch', watched)
      await process.call('unwatch', watched)
    }
    await first.call('publishBatch', [
      [watched, 1],
      [other, 1],
    ])
    for (const process of [first, second]) {
      await process.until('the news', () => process.lastSeqs(watched).length === 1)
      await process.call('unwatch', watched)
      await process.call('unwatch', watched)
    }
    await first.call('publish', watched, [2])
    await first.call('publish', sentinel, [1])
    for (const process of [first, second]) {
      await process.until('the sentinel', () => process.lastSeqs(sentinel).length === 1)
      expect(process.lastSeqs(watched)).toEqual([1])
      expect(process.lastSeqs(other)).toEqual([])
    }
    await second.call('watch', watched)
    await first.call('publish', watched, [3])
    await second.until('news of a session watched anew', (process) => process.lastSeqs(watched).at(-1) === 3)
  })

  test('aborts reach every process once', async () => {
    const runIds = Array.from({ length: 500 }, () => nameOf('run'))
    await first.call('publishAborts', runIds)
    for (const process of [first, second]) {
      await process.until('the aborts', ({ aborts }) => aborts.includes(runIds.at(-1)!))
      expect(process.aborts).toEqual(runIds)
    }
  })

  test('cuts reach every process once, in order, with their reasons', async () => {
    const cuts = Array.from({ length: 500 }, (_, index) => ({
      subject: nameOf('ses'),
      reason: index % 2 ? ('deleted' as const) : ('revoked' as const),
    }))
    await first.call('publishCuts', cuts)
    for (const process of [first, second]) {
      await process.until('the cuts', (told) => told.cuts.some(({ subject }) => subject === cuts.at(-1)!.subject))
      expect(process.cuts).toEqual(cuts)
    }
  })
}

function isAscending(values: number[]): boolean {
  return values.every((value, index) => index === 0 || value > values[index - 1]!)
}
