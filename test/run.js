// What `npm test` runs: starts the services that the selected tests need, runs Jest, stops the services, counts.
//
//   listSelectedTests   jest --listTests with our arguments
//   provide             services/*.js, each a started service, or why it is missing
//   runJest             with AGENTVIEW_TEST_* in its environment
//   report              the last line: N passed, N failed
//
// npm test                                  everything that this machine can run
// npm test -- --selectProjects pure         further arguments go to Jest
// npm test -- --containers                  Postgres and Redis in containers; the tests that know them well
// AGENTVIEW_NO_INSTALL=1                    never install a package; AGENTVIEW_TEST_NO_SKIP=1: skipping is a failure
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { listSelectedTests, runJest, stopJest } from './services/jest.js'
import { provideChromium } from './services/chromium.js'
import { containerPostgres, containerRedis, requireEngine } from './services/containers.js'
import { endStrays, providePostgres } from './services/postgres.js'
import { providePython } from './services/python.js'
import { provideRedis } from './services/redis.js'

const inContainers = process.argv.includes('--containers')
const noSkip = process.env.AGENTVIEW_TEST_NO_SKIP === '1'
const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--containers')
if (inContainers) jestArguments.push('--selectProjects', 'infrastructure')

/**
 * All but the tests to which another Postgres or Redis can make a difference: all SQL is in the store, all that Redis is
 * asked in the broker and the limits. What stands on them (workers, API, sockets) would only run once more.
 */
const NOT_NEAR_SERVICES = '<rootDir>/(?!shared/(store|broker|limits)/).*\\.infra\\.test\\.'

/** Ends all that was started, last first. @type {(() => Promise<unknown>)[]} */
const cleanups = []
let ending = false

async function main() {
  const folder = await mkdtemp(path.join(tmpdir(), 'agentview-test-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  cleanups.push(() => endStrays(folder))
  await chmod(folder, 0o755) // as root, Postgres' own user must be able to enter it
  const tests = await listSelectedTests(jestArguments)
  const context = { folder, run: randomBytes(4).toString('hex'), atEnd: (cleanup) => cleanups.push(cleanup) }
  const { environment, ignored } = await provide(tests, context)
  const output = path.join(folder, 'result.json')
  // What tests leave in TMPDIR goes with our folder; Jest's cache of compiled sources must not.
  const cache = path.join(tmpdir(), `agentview-jest-${process.getuid?.() ?? ''}`)
  const ours = ['--json', `--outputFile=${output}`, `--cacheDirectory=${cache}`]
  const code = await runJest([...jestArguments, ...ignored, ...ours], { ...environment, TMPDIR: folder })
  return report(await readResult(output), code)
}

/** Starts what the tests need. Missing Postgres leaves out whole projects, the rest is left to the tests' own helpers. */
async function provide(tests, context) {
  const environment = { AGENTVIEW_TEST_RUN: context.run }
  if (tests.some((file) => /\.python\./.test(file))) {
    const python = providePython()
    if (python.path) environment.AGENTVIEW_TEST_PYTHON = python.path
    else skip('the tests of the agent in Python', python.missing)
  }
  const browser = tests.some((file) => /\.browser\.test\./.test(file))
  if (!browser && !tests.some((file) => /\.infra\.test\./.test(file))) return { environment, ignored: [] }

  if (inContainers) await requireEngine()
  const ignored = inContainers ? ['--testPathIgnorePatterns', '/node_modules/', NOT_NEAR_SERVICES] : []
  const postgres = inContainers ? await containerPostgres(context) : await providePostgres(context)
  if (!postgres.url) {
    skip('the infrastructure and browser tests', postgres.missing)
    return { environment, ignored: ['--testPathIgnorePatterns', '/node_modules/', '\\.(infra|browser)\\.test\\.'] }
  }
  environment.AGENTVIEW_TEST_DATABASE_URL = postgres.url
  const redis = inContainers ? await containerRedis(context) : await provideRedis(context)
  if (redis.url) environment.AGENTVIEW_TEST_REDIS_URL = redis.url
  else skip('the tests that need Redis', redis.missing)
  const chromium = browser ? provideChromium() : {}
  if (chromium.path) environment.AGENTVIEW_TEST_CHROMIUM = chromium.path
  else if (browser) skip('the browser tests', chromium.missing)
  return { environment, ignored }
}

function skip(what, why) {
  if (noSkip) throw new Error(`${what} can't run, and AGENTVIEW_TEST_NO_SKIP=1 forbids to skip them: ${why}`)
  console.log(`Skipping ${what}: ${why}`)
}

async function readResult(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return null
  }
}

/** Prints the counts and gives the exit code. A file that fails before its first test counts as one failed test. */
function report(result, code) {
  const passed = result?.numPassedTests ?? 0
  const failed = result ? result.numFailedTests + result.numRuntimeErrorTestSuites : 1
  const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
  if (skipped > 0 && noSkip) console.log('Tests were skipped, and AGENTVIEW_TEST_NO_SKIP=1 forbids that.')
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed > 0 || (skipped > 0 && noSkip) ? 1 : code
}

async function end(code) {
  if (ending) return
  ending = true
  await stopJest()
  while (cleanups.length > 0)
    await cleanups
      .pop()()
      .catch((error) => console.log(`Cleaning up: ${error.message}`))
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => void end(128 + constants.signals[signal]))
}
// A reader that goes away (npm test | head) must not leave services behind, nor must a fault of this program.
process.stdout.on('error', () => void end(1))
process.on('uncaughtException', (error) => {
  console.error(error)
  void end(1)
})
main().then(end, (error) => {
  if (ending) return
  console.log(error.message)
  console.log('0 passed, 1 failed')
  void end(1)
})
