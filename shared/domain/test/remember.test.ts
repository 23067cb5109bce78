import { describe, expect, jest, test } from '@jest/globals'
import { remember } from '../remember.ts'

describe('remember', () => {
  test('looks once for a key, also when asked twice at the same time', async () => {
    const look = jest.fn(async (key: string) => key.toUpperCase())
    const recall = remember(10, 60_000, look)
    expect(await Promise.all([recall('a'), recall('a'), recall('b')])).toEqual(['A', 'A', 'B'])
    expect(await recall('a')).toBe('A')
    expect(look).toHaveBeenCalledTimes(2)
  })

  test('looks again when the time is over, and after forget', async () => {
    let looks = 0
    const never = remember(10, 0, async () => ++looks)
    expect([await never('a'), await never('a')]).toEqual([1, 2])
    const always = remember(10, Number.POSITIVE_INFINITY, async () => ++looks)
    expect([await always('a'), await always('a')]).toEqual([3, 3])
    always.forget('a')
    expect(await always('a')).toBe(4)
  })

  test('a lookup that failed is not remembered', async () => {
    const look = jest
      .fn<(key: string) => Promise<string>>()
      .mockRejectedValueOnce(new Error('away'))
      .mockResolvedValue('here')
    const recall = remember(10, 60_000, look)
    await expect(recall('a')).rejects.toThrow('away')
    expect(await recall('a')).toBe('here')
  })

  test('the oldest keys go first', async () => {
    const look = jest.fn(async (key: string) => key)
    const recall = remember(2, 60_000, look)
    for (const key of ['a', 'b', 'c', 'b', 'c', 'a']) await recall(key)
    expect(look.mock.calls.flat()).toEqual(['a', 'b', 'c', 'a'])
  })
})
