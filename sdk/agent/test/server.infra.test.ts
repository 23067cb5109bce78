import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Run } from '@shared/domain/objects'
import { findOrganization } from '@shared/store/organizations'
import { unseal } from '@shared/store/sealedSecrets'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'
import { AgentError } from '../agentError.ts'
import { type AgentFunction, defineAgent } from '../defineAgent.ts'
import { toNodeHandler } from '../node.ts'
import { closeServers, listenOn } from './serving.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(async () => {
  await server?.close()
  await closeServers()
})

/** A new session with an agent of the kit, which AgentView calls. */
async function sessionWith(name: string, answer: AgentFunction, version = '1.0.0'): Promise<string> {
  const { db, secret, main } = server
  const organization = await findOrganization(db, main.organizationId)
  const agent = defineAgent(answer, { version })
  const handle = toNodeHandler(agent, { secret: unseal(secret, organization!.agentSigningSecret) })
  const url = await listenOn(createServer((request, response) => void handle(request, response)))
  await main.publish({ name, url })
  return (await person.client.createSession({ agent: name })).id
}

test('a run that is cancelled ends its agent', async () => {
  let aborted = false
  const sessionId = await sessionWith('patient', async function* (_request, { signal }) {
    yield 'Let me think'
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    aborted = true
  })
  const { body } = await person.client.post<{ run: Run }>(`/v1/sessions/${sessionId}/messages`, { input: 'Hi' })
  // its own item, not the input: the agent has begun
  await server.logOf(sessionId, (events) =>
    events.some((event) => event.type === 'item.created' && event.data.item.kind !== 'input'),
  )
  await person.client.post(`/v1/runs/${body.run.id}/cancel`, {})
  await eventually(() => aborted)
  expect((await person.client.readRun(body.run.id)).status).toBe('cancelled')
})

test('state, metadata, usage and version arrive, and come back in the next turn', async () => {
  const sessionId = await sessionWith(
    'counting',
    async function* ({ session, items }) {
      const turns = Number(session.state ?? 0) + 1
      yield { event: 'state', state: turns }
      yield { event: 'metadata', metadata: { turns } }
      yield { event: 'usage', inputTokens: items.length, outputTokens: 3, model: 'none' }
      yield `Turn ${turns}, before it ${JSON.stringify(session.metadata)}.`
    },
    '1.7.0',
  )
  await person.client.ask(sessionId, 'One')
  const { run, items } = await person.client.ask(sessionId, 'Two')
  expect(items.at(-1)!.data).toEqual({ type: 'message', role: 'assistant', content: 'Turn 2, before it {"turns":1}.' })
  expect(run).toMatchObject({
    usage: { inputTokens: 2, outputTokens: 3, model: 'none' },
    attempts: [{ reportedVersion: '1.7.0' }],
  })
  expect(await person.client.readSession(sessionId)).toMatchObject({ state: 2, metadata: { turns: 2 } })
})

test('a failure that may pass is tried again, one with words of its own is told', async () => {
  const sessionId = await sessionWith('moody', async function* ({ run, input }) {
    if (input.content === 'order 7') throw new AgentError('There is no order 7.', { code: 'no_such_order' })
    if (run.attempt === 1) throw new AgentError('The shop is closed.', { retryable: true })
    yield 'Here it is.'
  })
  const again = await person.client.ask(sessionId, 'order 1')
  expect(again.run).toMatchObject({ status: 'completed', attempts: [{ outcome: 'failed' }, { outcome: 'completed' }] })
  const told = await person.client.ask(sessionId, 'order 7')
  expect(told.run).toMatchObject({
    status: 'failed',
    error: { code: 'no_such_order', message: 'There is no order 7.' },
    attempts: [{ outcome: 'failed' }],
  })
})
