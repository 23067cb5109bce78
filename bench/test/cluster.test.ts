import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Cleanup, withCleanup } from '../cluster/cleanup.ts'
import { freePorts, isListening, isReady } from '../cluster/ports.ts'
import { failWhenOneEnds } from '../cluster/running.ts'
import { startProcess, waitForSuccess, waitUntil } from '../cluster/startProcess.ts'

let logs: string
beforeAll(async () => {
  logs = await mkdtemp(path.join(tmpdir(), 'agentview-bench-test-'))
})
afterAll(() => rm(logs, { recursive: true }))

/** Node with a script, stopped at the end of the test. */
async function run(cleanup: Cleanup, name: string, script: string) {
  const place = { env: { PATH: process.env.PATH }, cwd: logs, logs }
  const started = await startProcess({ name, command: process.execPath, args: ['-e', script], ...place })
  cleanup.defer(() => started.stop(200))
  return started
}

const FOREVER = 'setInterval(() => {}, 1000); console.log("up")'

test('what was deferred is done in reverse order, also after an error, and each step on its own', async () => {
  const done: number[] = []
  const failed: unknown[] = []
  const work = async (cleanup: Cleanup) => {
    cleanup.defer(() => void done.push(1))
    cleanup.defer(() => Promise.reject(new Error('step')))
    cleanup.defer(() => void done.push(2))
    return Promise.reject(new Error('work'))
  }
  await expect(withCleanup(work, (error) => failed.push(error))).rejects.toThrow('work')
  expect(done).toEqual([2, 1])
  expect(failed).toEqual([new Error('step')])
})

test('a process that ends before it is ready shows its log', async () => {
  await withCleanup(async (cleanup) => {
    const process = await run(cleanup, 'early', 'console.error("no disk"); process.exitCode = 7')
    const waiting = waitUntil(process, () => Promise.resolve(false), 20_000)
    await expect(waiting).rejects.toThrow('early ended (code 7) before it was ready; its log ends:\nno disk')
  })
})

test('a process that is not ready in time is given up', async () => {
  await withCleanup(async (cleanup) => {
    const process = await run(cleanup, 'slow', FOREVER)
    const waiting = waitUntil(process, () => Promise.resolve(false), 200)
    await expect(waiting).rejects.toThrow('slow was not ready after 0.2 s')
  })
})

test('a task that fails shows its log', async () => {
  await withCleanup(async (cleanup) => {
    await waitForSuccess(await run(cleanup, 'fine', ''))
    const failing = waitForSuccess(await run(cleanup, 'broken', 'throw new Error("no table")'))
    await expect(failing).rejects.toThrow(/^broken failed \(code 1\); its log ends:[^]*no table/)
  })
})

test('a process is stopped by SIGINT, one that will not by SIGKILL', async () => {
  await withCleanup(async (cleanup) => {
    const kind = await run(cleanup, 'kind', FOREVER)
    await kind.stop()
    expect(await kind.ended).toBe('SIGINT')
    const stubborn = await run(cleanup, 'stubborn', `process.on('SIGINT', () => {}); ${FOREVER}`)
    await waitUntil(stubborn, async () => (await stubborn.tail()) === 'up', 20_000)
    await stubborn.stop(100)
    expect(stubborn.end).toBe('SIGKILL')
    await stubborn.stop()
  })
})

test('a program that is not there is an error', async () => {
  const options = { name: 'absent', command: 'agentview-no-such-program', args: [], env: {}, cwd: logs, logs }
  await expect(startProcess(options)).rejects.toThrow('ENOENT')
})

test('the end of a process that should run is noticed', async () => {
  await withCleanup(async (cleanup) => {
    const [one, two] = [await run(cleanup, 'one', FOREVER), await run(cleanup, 'two', FOREVER)]
    const running = { url: '', eventsUrl: '', publishableKey: '', processes: () => [one, two] }
    const watching = failWhenOneEnds(running, new AbortController().signal)
    two.signal('SIGKILL')
    await expect(watching).rejects.toThrow('two ended (SIGKILL)')
    expect(one.end).toBe(null)
  })
})

test('free ports differ and nobody listens there', async () => {
  const ports = await freePorts(50)
  expect(new Set(ports).size).toBe(50)
  const [port = 0] = ports
  expect([await isListening(port), await isReady(`http://127.0.0.1:${port}`)]).toEqual([false, false])
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(await isListening(port)).toBe(true)
  server.close()
})
