import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { describeWithRedis } from '../../test/redis.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const RECORDED = path.join(ROOT, '..', 'shared', 'data', 'conversations.jsonl')
/** Recorded conversations where they are at hand, else the sample of our own. */
const FILE = existsSync(RECORDED) ? [RECORDED] : []

/** `npm run replay` as a person runs it, in a process of its own. */
async function replay(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, 'bench/dist/replay/main.js'), ...FILE, ...args], { cwd: ROOT })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { code, output }
}

test('recorded conversations come through an embedded server word by word', async () => {
  const { code, output } = await replay('--start', 'embedded', '--limit', '20')
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
    const { code, output } = await replay(...flags)
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('0 mismatches, 0 failures') })
  })
})
