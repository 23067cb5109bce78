import { expect, test } from '@jest/globals'
import { describeWithRedis } from '../../test/redis.ts'
import { withCleanup } from '../cluster/cleanup.ts'
import { embedded } from '../scenarios/embedded/embedded.ts'
import { floor } from '../scenarios/floor/floor.ts'
import type { ScenarioContext } from '../scenarios/scenario.ts'

function contextOf(cleanup: ScenarioContext['cleanup']): ScenarioContext {
  const asked = { sessions: [4], seconds: 1, warmUpSeconds: 0.5, rounds: 1 }
  return { effort: 'check', asked, environment: process.env, cleanup, say: () => undefined }
}

/** The loop is that of `throughput` in both. It starts a Redis of its own, where there is one. The invariants are what is tested here: on a busy machine a rate says nothing. */
describeWithRedis('the bench', () => {
  test.each([
    ['floor', floor],
    ['embedded', embedded],
  ])(
    '%s keeps every promise that it counts, whatever its rates are',
    async (name, scenario) => {
      const report = await withCleanup((cleanup) => scenario.run(contextOf(cleanup)))
      expect(report.notes.join('\n')).not.toMatch(/errors|faults|acknowledged/)
      expect(report.targets).toContainEqual({ name: `${name}.broken-promises`, value: 0, wanted: '<= 0', met: true })
    },
    300_000,
  )
})
