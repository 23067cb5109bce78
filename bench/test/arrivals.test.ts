import { randomNumbers } from '../faults/arena/randomNumbers.ts'
import { evenArrivals, poissonArrivals } from '../load/arrivals.ts'
import { slopeOf } from '../measure/slope.ts'

test('strangers come at their rate, in order and within the time, the same ones for the same seed', () => {
  const arrivals = poissonArrivals(200, 50, randomNumbers(7))
  expect(arrivals.length).toBeGreaterThan(9_500)
  expect(arrivals.length).toBeLessThan(10_500)
  expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b))
  expect(arrivals.at(-1)).toBeLessThan(50_000)
  expect(poissonArrivals(200, 50, randomNumbers(7))).toEqual(arrivals)
  // Some come together: that is what an even load would not show.
  expect(arrivals.filter((at, index) => at - (arrivals[index - 1] ?? -1_000) < 1).length).toBeGreaterThan(1_000)
})

test('even arrivals', () => expect(evenArrivals(3, 200)).toEqual([0, 200, 400]))

describe('the slope of a memory', () => {
  const points = (values: number[]) => values.map((y, x) => ({ x, y }))

  test.each([
    ['rises', [1, 3, 5, 7, 9], 2],
    ['stays, with one peak', [5, 5, 90, 5, 5, 5], 0],
    ['is a saw that goes nowhere', [1, 5, 9, 1, 5, 9, 1, 5, 9, 1], 0],
    ['falls', [9, 8, 7], -1],
    ['is one value', [4], null],
  ])('%s', (_what, values, slope) => {
    const found = slopeOf(points(values))
    if (slope === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(slope, 0)
  })
})
