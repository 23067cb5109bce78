import { expect, test } from '@jest/globals'
import { describeWithPython } from '../../test/python.ts'
import { describeWithRedis } from '../../test/redis.ts'
import { runReplay } from './runReplay.ts'

const PLAYED = { code: 0, output: expect.stringContaining('0 mismatches, 0 failures') }

describeWithPython('with the agent in Python', () => {
  test('recorded conversations come through an embedded server word by word', async () => {
    const flags = ['--agent', 'python', '--start', 'embedded', '--limit', '20']
    expect(await runReplay(...flags)).toMatchObject(PLAYED)
  }, 180_000)

  describeWithRedis('in a cluster', () => {
    test('they come through while workers are killed', async () => {
      const flags = ['--agent', 'python', '--start', 'cluster', '--kill-worker-every', '3', '--limit', '30']
      expect(await runReplay(...flags)).toMatchObject(PLAYED)
    }, 180_000)
  })
})
