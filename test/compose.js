// What `npm run test:compose` runs: deploy/Dockerfile is built, docker-compose.yml started with its profile `app`, used
// through its ingress, robbed of a worker, and taken down again.
//
//   provideImages   base images, pulled or made of what this machine has
//   docker build    deploy/Dockerfile, as anybody builds it
//   Stack.up        compose up, with an agent app beside it (compose/override.yml)
//   CHECKS          what must hold, one after the other
//   report          the last line: N passed, N failed
//
// It needs a Docker engine and compose. AGENTVIEW_TEST_NO_SKIP=1: skipping is a failure.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { CHECKS } from './compose/checks.js'
import { provideImages } from './compose/images.js'
import { killPrograms, run, works } from './compose/program.js'
import { Stack, findCompose } from './compose/stack.js'
import { freePorts } from './compose/ports.js'

const ROOT = path.resolve(import.meta.dirname, '..')
const BASES = ['node:22-bookworm-slim', 'nginx:1.27']
/** In docker-compose.yml; a Debian, which stand-ins for the others can be made of. */
const POSTGRES = 'postgres:17'

/** Ends all that was started, last first. @type {(() => Promise<unknown>)[]} */
const cleanups = []
let ending = false

async function main() {
  if (!(await works(['docker', 'version']))) return skip('no Docker engine answers: start Docker')
  const program = await findCompose()
  if (!program) return skip('there is no docker compose: install it')
  const folder = await mkdtemp(path.join(tmpdir(), 'agentview-compose-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  await timed('base images', () => provideImages(BASES, POSTGRES, folder))
  await timed('docker build', buildImage)
  const stack = new Stack(program, `agentview-test-${randomBytes(4).toString('hex')}`, await freePorts())
  let isDown = false
  cleanups.push(async () => isDown || (await stack.down()))
  await timed('compose up', () => stack.up())
  let failed = 0
  for (const [name, check] of Object.entries(CHECKS)) failed += await passes(name, () => check(stack))
  failed += await passes('compose down leaves nothing behind', async () => {
    const left = await stack.down()
    isDown = true
    if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`)
  })
  console.log(`${Object.keys(CHECKS).length + 1 - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** With the machine's own network: a sandboxed engine has none of its own to reach npm's registry by. */
function buildImage() {
  const build = ['docker', 'build', '--network', 'host', '-t', 'agentview', '-f', 'deploy/Dockerfile', '.']
  return run(build, { cwd: ROOT })
}

async function passes(name, check) {
  try {
    await timed(name, check)
    return 0
  } catch (error) {
    console.log(`FAILED ${name}: ${error.message}`)
    return 1
  }
}

async function timed(name, work) {
  const begun = performance.now()
  await work()
  console.log(`${name}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
}

function skip(why) {
  console.log(`Skipping the compose file: ${why}.`)
  console.log('0 passed, 0 failed')
  return process.env.AGENTVIEW_TEST_NO_SKIP === '1' ? 1 : 0
}

async function end(code) {
  if (ending) return
  ending = true
  killPrograms()
  while (cleanups.length > 0)
    await cleanups
      .pop()()
      .catch((error) => console.log(`Cleaning up: ${error.message}`))
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => void end(128 + constants.signals[signal]))
}

await main().then(end, (error) => {
  console.log(error.message)
  console.log('0 passed, 1 failed')
  return end(1)
})
