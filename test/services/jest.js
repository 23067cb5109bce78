import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '..', '..')
const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
const NODE_FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
/** How long Jest may take to end its workers before it is killed. */
const STOP_MS = 5000

let running

/** The test files that Jest would run with these arguments. */
export async function listSelectedTests(jestArguments) {
  const child = spawn(process.execPath, [...NODE_FLAGS, JEST, ...jestArguments, '--listTests'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let listed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (listed += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error('Jest could not list the selected tests.')
  return listed.split('\n').filter((line) => line !== '')
}

/**
 * Runs Jest to its end and gives its exit code. The addresses of services come only from `environment`: a test of the
 * default set-up must not find a DATABASE_URL that was meant for the harness.
 */
export async function runJest(jestArguments, environment) {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env
  running = spawn(process.execPath, [...NODE_FLAGS, JEST, ...jestArguments], {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    // With --json Jest writes its report to stderr; on stdout is only the name of the result file.
    stdio: ['inherit', 'ignore', 'inherit'],
  })
  const [code] = await once(running, 'close')
  return code ?? 1
}

/** Ends a Jest that still runs. */
export async function stopJest() {
  if (!running || running.exitCode !== null || running.signalCode !== null) return
  const closed = once(running, 'close')
  running.kill('SIGTERM')
  const timer = setTimeout(() => running.kill('SIGKILL'), STOP_MS)
  await closed
  clearTimeout(timer)
}
