import { spawn } from 'node:child_process'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { describeWithRedis } from '../../test/redis.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')

/** `npm run faults` as a person runs it, in a process of its own. */
async function faults(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, 'bench/dist/faults/main.js'), ...args], { cwd: ROOT })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { code, output }
}

describeWithRedis('the fault harness', () => {
  test('a worker that is killed mid-stream loses and doubles nothing', async () => {
    const { code, output } = await faults('--only', '14', '--slack', '5')
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('1 of 1 rows hold') })
  })
})

test('a row that is not there is said', async () => {
  const { code, output } = await faults('--only', '99')
  expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining('There is no row 99') })
})
