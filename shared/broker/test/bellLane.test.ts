import { setImmediate as nextTick } from 'node:timers/promises'
import { BellLane } from '../bellLane.ts'

/** A handler whose calls end when they are told to. */
function controlledHandler() {
  const calls: { runIds: string[]; end: (error?: Error) => void }[] = []
  const handler = (runIds: string[]) =>
    new Promise<void>((resolve, reject) => {
      calls.push({ runIds, end: (error) => (error ? reject(error) : resolve()) })
    })
  return { calls, handler }
}

test('what comes in one tick is one call, what comes during a call is the next', async () => {
  const { calls, handler } = controlledHandler()
  const lane = new BellLane(handler, () => undefined)
  const first = [lane.answer(['a']), lane.answer(['b', 'a'])]
  await nextTick()
  expect(calls.map(({ runIds }) => runIds)).toEqual([['a', 'b']])
  const second = [lane.answer(['c']), lane.answer([])]
  await nextTick()
  expect(calls.length).toBe(1)
  calls[0]!.end()
  expect(await Promise.all(first)).toEqual(['answered', 'answered'])
  expect(calls.map(({ runIds }) => runIds)).toEqual([['a', 'b'], ['c']])
  calls[1]!.end()
  expect(await Promise.all(second)).toEqual(['answered', 'answered'])
})

test('a call that fails is reported and told', async () => {
  const reported: unknown[] = []
  const { calls, handler } = controlledHandler()
  const lane = new BellLane(handler, (error) => reported.push(error))
  const answer = lane.answer(['a'])
  await nextTick()
  const failure = new Error('no')
  calls[0]!.end(failure)
  expect(await answer).toBe('failed')
  expect(reported).toEqual([failure])
})

test('a shut lane refuses what waits and what comes, and lets the running call end', async () => {
  const { calls, handler } = controlledHandler()
  const lane = new BellLane(handler, () => undefined)
  const running = lane.answer(['a'])
  await nextTick()
  const waiting = lane.answer(['b'])
  lane.shut()
  expect(await waiting).toBe('refused')
  expect(await lane.answer(['c'])).toBe('refused')
  calls[0]!.end()
  expect(await running).toBe('answered')
  await lane.idle()
  lane.reopen()
  const again = lane.answer(['d'])
  await nextTick()
  calls[1]!.end()
  expect(await again).toBe('answered')
  expect(calls.map(({ runIds }) => runIds)).toEqual([['a'], ['d']])
})
