import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createRounds } from '../rounds.ts'

const PATIENCE = 250

let sent: { round: string[]; over: () => void }[]
let rounds: ReturnType<typeof createRounds<string>>

beforeEach(() => {
  jest.useFakeTimers()
  sent = []
  rounds = createRounds<string>({
    few: 2,
    most: 3,
    patience: PATIENCE,
    take: (waiting) => waiting.splice(0, 4),
    send: (round) => new Promise((over) => sent.push({ round, over })),
  })
})
afterEach(() => {
  jest.useRealTimers()
})

const turn = () => jest.advanceTimersByTimeAsync(0)
const add = async (...ones: string[]) => {
  for (const one of ones) rounds.add(one)
  await turn()
}
const over = async (index: number) => {
  sent[index]!.over()
  await turn()
}
const gone = () => sent.map(({ round }) => round.join(''))

describe('what comes', () => {
  test('in one turn goes together', async () => {
    await add('a', 'b', 'c')
    expect(gone()).toEqual(['abc'])
  })

  test('while little is under way goes at once, up to so many rounds', async () => {
    rounds = createRounds<string>({
      few: 10,
      most: 2,
      patience: PATIENCE,
      take: (waiting) => waiting.splice(0, 4),
      send: (round) => new Promise((end) => sent.push({ round, over: end })),
    })
    for (const one of ['a', 'b', 'c', 'd']) await add(one)
    expect(gone()).toEqual(['a', 'b'])
    await over(1)
    expect(gone()).toEqual(['a', 'b', 'cd'])
  })

  test('while much is under way goes together once there is little', async () => {
    await add('a', 'b')
    await add('c')
    await add('d')
    expect(gone()).toEqual(['ab'])
    await over(0)
    expect(gone()).toEqual(['ab', 'cd'])
  })

  test('all at once and is too much for a round goes with the next ones, in order', async () => {
    await add(...'abcdefghi')
    expect(gone()).toEqual(['abcd'])
    await over(0)
    expect(gone()).toEqual(['abcd', 'efgh'])
    await over(1)
    expect(gone()).toEqual(['abcd', 'efgh', 'i'])
  })
})

describe('a round that takes too long', () => {
  test('is waited for no more, and counts once when it ends after all', async () => {
    await add('a', 'b')
    await add('c')
    expect(gone()).toEqual(['ab'])
    await jest.advanceTimersByTimeAsync(PATIENCE + 1)
    expect(gone()).toEqual(['ab', 'c'])
    await over(0)
    await add('d', 'e', 'f')
    await add('g')
    expect(gone()).toEqual(['ab', 'c', 'def'])
  })
})
