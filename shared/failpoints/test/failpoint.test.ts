import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Context, Strike, Struck } from '../failpoint.ts'

let folder: string
const visitors: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'agentview-failpoints-'))
})
afterEach(async () => {
  for (const child of visitors.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

async function startVisitor(environment: Record<string, string> = { AGENTVIEW_FAILPOINTS: folder }) {
  const child = fork(path.join(import.meta.dirname, 'visitor.ts'), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  })
  visitors.push(child)
  await once(child, 'message')
  return child
}

/** Sends a process to the point; gives how long it was there, or the signal that ended it. */
async function visit(child: ChildProcess, context: Context): Promise<{ armed: boolean; tookMs: number } | string> {
  const back = once(child, 'message').then(([message]: unknown[]) => message as { armed: boolean; tookMs: number })
  const ended = once(child, 'exit').then(([, signal]: unknown[]) => String(signal))
  child.send(context)
  return Promise.race([back, ended])
}

function arm(strike: Strike): Promise<void> {
  return writeFile(path.join(folder, 'here'), JSON.stringify(strike))
}

async function struck(): Promise<Pick<Struck, 'pid' | 'action' | 'context'>[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('here.struck-'))
  const all = names.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as Struck)
  return (await Promise.all(all)).map(({ pid, action, context }) => ({ pid, action, context }))
}

const ONE = { sessionId: 's1', runIds: ['r1', 'r2'] }

test('without the harness a point is inert', async () => {
  await arm({ action: 'kill' })
  const child = await startVisitor({ AGENTVIEW_FAILPOINTS: '' })
  expect(await visit(child, ONE)).toMatchObject({ armed: false })
  expect(await struck()).toEqual([])
})

test('one process is killed, and what it was about is known', async () => {
  const children = await Promise.all([startVisitor(), startVisitor(), startVisitor()])
  await arm({ action: 'kill' })
  const ends = await Promise.all(children.map((child) => visit(child, ONE)))
  expect(ends.filter((end) => end === 'SIGKILL')).toHaveLength(1)
  const killed = children[ends.indexOf('SIGKILL')]!
  expect(await struck()).toEqual([{ pid: killed.pid, action: 'kill', context: ONE }])
})

test('only a context that fits is struck', async () => {
  const child = await startVisitor()
  await arm({ action: 'kill', match: { sessionId: 's1', runIds: 'r2' } })
  expect(await visit(child, { sessionId: 's2', runIds: ['r2'] })).toMatchObject({ armed: true })
  expect(await visit(child, { sessionId: 's1', runIds: ['r1'] })).toMatchObject({ armed: true })
  expect(await visit(child, ONE)).toBe('SIGKILL')
})

test('the first visits may be let by', async () => {
  const child = await startVisitor()
  await arm({ action: 'kill', match: { sessionId: 's1' }, skip: 1 })
  expect(await visit(child, { sessionId: 's2' })).toMatchObject({ armed: true })
  expect(await visit(child, { sessionId: 's1' })).toMatchObject({ armed: true })
  expect(await visit(child, { sessionId: 's1' })).toBe('SIGKILL')
})

test('a kept strike strikes again', async () => {
  const child = await startVisitor()
  await arm({ action: 'delay', ms: 1, keep: true })
  await visit(child, ONE)
  await visit(child, ONE)
  expect(await struck()).toHaveLength(2)
})

test.each(['block', 'delay'] as const)('%s takes its time', async (action) => {
  const child = await startVisitor()
  await arm({ action, ms: 120 })
  const end = await visit(child, ONE)
  expect(typeof end === 'string' ? end : end.tookMs).toBeGreaterThan(100)
})

test('a stopped process goes on when it is told to', async () => {
  const child = await startVisitor()
  await arm({ action: 'stop' })
  const visiting = visit(child, ONE)
  while ((await struck()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  child.kill('SIGCONT')
  expect(await visiting).toMatchObject({ armed: true })
})
