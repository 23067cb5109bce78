import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { POLICY, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
beforeEach(async () => {
  await world.publish({ version: '1.4.0' })
  await world.startWorker()
})
afterEach(() => world.clear())
afterAll(() => world.close())

async function runReporting(version: string, as: 'frame' | 'answer') {
  world.app.onCall = (call) => {
    if (as === 'answer') return call.answer([{ content: 'hi' }], { version })
    call.send('version', { version })
    call.text('hi')
    call.done()
  }
  return world.ended(await world.say(await world.engine.newSession()))
}

describe.each(['frame', 'answer'] as const)('the version that an agent app reports in a %s', (as) => {
  test.each(['1.4.0', '1.0.0', '1.9.0-beta.1', 'v1.2.3', 'nightly'])('%s is recorded', async (version) => {
    const run = await runReporting(version, as)
    expect(run).toMatchObject({ status: 'completed', version: '1.4.0', attempts: [{ reportedVersion: version }] })
  })

  test.each(['2.0.0', '0.9.0', 'v2.0.0-rc.1'])(
    '%s is recorded, and ends the run at its first attempt',
    async (version) => {
      const run = await runReporting(version, as)
      expect(run).toMatchObject({
        status: 'failed',
        error: {
          code: 'version_incompatible',
          message: expect.stringContaining(`version ${version}; this run goes by`),
        },
        attempts: [{ outcome: 'failed', reportedVersion: version }],
      })
      expect(run.attempts).toHaveLength(1)
    },
  )
})

test('each version has its own policy: runs that wait go by that of theirs', async () => {
  const retries = { ...POLICY.retries, backoffMs: 1, maxBackoffMs: 1 }
  const attemptsOf = async (max: number) => {
    await world.publish({ version: '1.4.0', policy: { ...POLICY, retries: { ...retries, max } } })
    const runId = await world.say(await world.engine.newSession())
    return async () => (await world.ended(runId)).attempts.length
  }
  world.app.onCall = (call) => call.status(503)
  const [none, two] = [await attemptsOf(0), await attemptsOf(2)]
  expect([await none(), await two()]).toEqual([1, 3])
})
