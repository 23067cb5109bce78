import { afterAll, beforeAll, test } from '@jest/globals'
import fc from 'fast-check'
import { ModelledSession } from './modelledSession.ts'
import { Both, commands } from './sessionCommands.ts'
import { SessionModel } from './sessionModel.ts'
import { expectOrder, rounds, rushAll, settleAll } from './sessionRace.ts'
import { type TestEngine, startTestEngine } from './testEngine.ts'

/** How many sessions are tried, and how many commands each gets at most. */
const SESSIONS = 16
const COMMANDS = 80
/** How often sessions are raced, and how many rounds of verbs that happen at once. */
const RACES = 4
const ROUNDS = 12

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** What earlier sessions have left is never due: no claim finds it. */
async function putAside(): Promise<void> {
  await engine.rows(`update runs set due_at = 'infinity' where status = 'queued'`)
}

async function newSession(): Promise<ModelledSession> {
  const workers = { ordinary: await engine.newWorker(), quarantine: await engine.newWorker('quarantine') }
  return new ModelledSession(engine, await engine.newSession(), workers)
}

test('a session does what its model says, whatever happens to it', async () => {
  const setup = async () => {
    await putAside()
    const both = new Both(new SessionModel(), await newSession())
    return { model: both, real: both }
  }
  const property = fc.asyncProperty(commands(COMMANDS), (tried) => fc.asyncModelRun(setup, tried))
  await fc.assert(property, { numRuns: SESSIONS, interruptAfterTimeLimit: 60_000 })
})

test('sessions stay in order when their verbs happen at once, by several workers', async () => {
  const property = fc.asyncProperty(rounds(2, ROUNDS), async (race) => {
    await putAside()
    const sessions = [await newSession(), await newSession()]
    for (const round of race) {
      await rushAll(sessions, round)
      for (const session of sessions) await expectOrder(session)
    }
    for (const session of sessions) await settleAll(session)
    for (const session of sessions) await expectOrder(session)
  })
  await fc.assert(property, { numRuns: RACES, endOnFailure: true })
})
