import { describe, expect, test } from '@jest/globals'
import { clientRoutes } from '@shared/contracts/clientApi'
import { openApiDocument } from '@shared/contracts/openapi'
import type { Route } from '@shared/contracts/route'
import { checkOf } from '@shared/contracts/validate'
import fc from 'fast-check'
import { valuesOf } from '../fuzz/generate/fromSchema.ts'
import { nearlyValid } from '../fuzz/generate/mutate.ts'
import { type OpenApi, chosenRoutes, routesOf } from '../fuzz/generate/routes.ts'
import { fuzzedSequences } from '../fuzz/generate/sequences.ts'
import { Known } from '../fuzz/world/known.ts'

const routes = routesOf(openApiDocument('0.0.0') as unknown as OpenApi)
const withBody = routes.filter(({ body }) => body !== null)

test('every route of the document is there to be fuzzed', () => {
  expect(routes.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(clientRoutes).toSorted())
})

test('only routes that are there can be chosen', () => {
  expect(chosenRoutes(routes, ['readRun']).map(({ path }) => path)).toEqual(['/v1/runs/{runId}'])
  expect(() => chosenRoutes(routes, ['readRuns'])).toThrow('there is no route readRuns')
})

describe.each(withBody.map((route) => [route.operationId, route] as const))('bodies of %s', (operationId, route) => {
  const check = checkOf((clientRoutes as Record<string, Route>)[operationId]!.body!)
  const values = valuesOf(route.body!)

  test('that are meant to be valid fit its schema once their references are ids', () => {
    fc.assert(
      fc.property(values, (value) => {
        const sent: unknown = JSON.parse(new Known().resolve(JSON.stringify(value)))
        expect(check(sent)).toMatchObject({ ok: true })
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  test('that are nearly valid are JSON, and mostly refused', () => {
    const texts = fc.sample(nearlyValid(values), { seed: 1, numRuns: 200 })
    const refused = texts.filter((text) => !check(JSON.parse(new Known().resolve(text))).ok)
    expect(refused.length).toBeGreaterThan(20)
  })
})

test('the same seed sends the same, and sequences can be made shorter', () => {
  const sequences = fuzzedSequences(routes, true)
  const [first, again] = [1, 2].map(() => fc.sample(sequences, { seed: 7, numRuns: 10 }))
  expect(first).toEqual(again)
  const hasPost = fc.property(sequences, (steps) => !steps.some((step) => 'method' in step && step.method === 'POST'))
  const { counterexample } = fc.check(hasPost, { seed: 7 })
  expect(counterexample![0].length).toBeLessThanOrEqual(2)
})

test('references become what is known, oldest first, and something absent while nothing is', () => {
  const known = new Known()
  known.learn({ data: [{ id: 'ses_01jd0000000000000000000000', pauseId: 'p1' }], nextCursor: 'c', title: 'ses_1' })
  known.add('ses', 'ses_01jd0000000000000000000001')
  expect(known.resolve('@{ses 0} @{ses 1} @{ses 2} @{pause 9} @{cursor 0} @{other 1}')).toBe(
    'ses_01jd0000000000000000000000 ses_01jd0000000000000000000001 ses_01jd0000000000000000000000 p1 c @{other 1}',
  )
  expect(known.resolve('@{run 3} @{paused 0}')).toBe('run_01jd0000000000000000000000 run_01jd0000000000000000000000')
})
