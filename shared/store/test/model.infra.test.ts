import { afterAll, beforeAll, test } from '@jest/globals'
import fc from 'fast-check'
import { ModelledSession } from './modelledSession.ts'
import { Both, commands } from './sessionCommands.ts'
import { SessionModel } from './sessionModel.ts'
import { type TestEngine, startTestEngine } from './testEngine.ts'

/** How many sessions are tried, and how many commands each gets at most. */
const SESSIONS = 16
const COMMANDS = 60

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

test('a session does what its model says, whatever happens to it', async () => {
  const setup = async () => {
    await engine.clear()
    const workers = { ordinary: await engine.newWorker(), quarantine: await engine.newWorker('quarantine') }
    const both = new Both(new SessionModel(), new ModelledSession(engine, await engine.newSession(), workers))
    return { model: both, real: both }
  }
  await fc.assert(
    fc.asyncProperty(commands(COMMANDS), (tried) => fc.asyncModelRun(setup, tried)),
    { numRuns: SESSIONS },
  )
}, 120_000)
