import { spawn } from 'node:child_process'
import path from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = path.join(import.meta.dirname, '..', '..')

/** `npm run fuzz` as a person runs it, in a process of its own. */
async function fuzz(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, 'bench/dist/fuzz/main.js'), ...args], { cwd: ROOT })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { code, output }
}

test('sequences of a fixed seed over every route find nothing wrong', async () => {
  const { code, output } = await fuzz('--sequences', '10', '--seed', '1', '--broker', 'postgres', '--budget', '60')
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('nothing wrong was found') })
})
