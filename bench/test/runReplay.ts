import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..', '..')
const RECORDED = path.join(ROOT, '..', 'shared', 'data', 'conversations.jsonl')
/** Recorded conversations where they are at hand, else the sample of our own. */
const FILE = existsSync(RECORDED) ? [RECORDED] : []

/** `npm run replay` as a person runs it, in a process of its own. */
export async function runReplay(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, 'bench/dist/replay/main.js'), ...FILE, ...args], { cwd: ROOT })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { code, output }
}
