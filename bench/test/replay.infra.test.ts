import { expect, test } from '@jest/globals'
import { describeWithRedis } from '../../test/redis.ts'
import { runReplay } from './runReplay.ts'

test('recorded conversations come through an embedded server word by word', async () => {
  const { code, output } = await runReplay('--start', 'embedded', '--limit', '20')
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('0 mismatches, 0 failures') })
})

describeWithRedis('in a cluster', () => {
  test('they come through while workers are killed', async () => {
    const flags = [
      '--start',
      'cluster',
      '--workers',
      '2',
      '--kill-worker-every',
      '3',
      '--limit',
      '60',
      '--concurrency',
      '8',
    ]
    const { code, output } = await runReplay(...flags)
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('0 mismatches, 0 failures') })
  })
})
