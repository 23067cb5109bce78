import { expect, test } from '@jest/globals'
import { gather } from '../gather.ts'

/** A lookup of squares that tells which keys it was asked for together, and answers when it is told to. */
function squares(most: number) {
  const calls: number[][] = []
  const answers: (() => void)[] = []
  const look = gather(most, async (keys: readonly number[]) => {
    calls.push([...keys])
    await new Promise<void>((resolve) => answers.push(resolve))
    if (keys.includes(13)) throw new Error('thirteen')
    return keys.map((key) => key * key)
  })
  return { calls, look, answer: () => answers.shift()?.() }
}

const ticks = async () => {
  for (let tick = 0; tick < 3; tick++) await new Promise((resolve) => setImmediate(resolve))
}

test('keys of one tick are looked up together, those that come meanwhile by the next call', async () => {
  const { calls, look, answer } = squares(10)
  const first = [1, 2, 2].map(look)
  await ticks()
  const second = [3, 4].map(look)
  await ticks()
  expect(calls).toEqual([[1, 2, 2]])
  answer()
  expect(await Promise.all(first)).toEqual([1, 4, 4])
  await ticks()
  expect(calls).toEqual([
    [1, 2, 2],
    [3, 4],
  ])
  answer()
  expect(await Promise.all(second)).toEqual([9, 16])
  const third = look(5)
  await ticks()
  answer()
  expect(await third).toBe(25)
})

test('a call takes no more keys than it may, in the order in which they came', async () => {
  const { calls, look, answer } = squares(2)
  const values = Promise.all([1, 2, 3, 4, 5].map(look))
  for (let call = 0; call < 3; call++) {
    await ticks()
    answer()
  }
  expect(await values).toEqual([1, 4, 9, 16, 25])
  expect(calls).toEqual([[1, 2], [3, 4], [5]])
})

test('a call that fails fails for its keys only', async () => {
  const { look, answer } = squares(2)
  const outcomes = Promise.allSettled([1, 13, 3].map(look))
  for (let call = 0; call < 2; call++) {
    await ticks()
    answer()
  }
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { message: 'thirteen' } },
    { status: 'rejected', reason: { message: 'thirteen' } },
    { status: 'fulfilled', value: 9 },
  ])
})
