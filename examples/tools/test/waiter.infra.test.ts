import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { toNodeHandler } from '@agentview/agent/node'
import type { Run } from '@shared/domain/objects'
import { findOrganization } from '@shared/store/organizations'
import { unseal } from '@shared/store/sealedSecrets'
import { loadConfig } from '../../../cli/config/loadConfig.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'
import { waiter } from '../agent.ts'

let server: TestServer
let app: Server
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  const { db, secret, main } = server
  const organization = await findOrganization(db, main.organizationId)
  const handle = toNodeHandler(waiter, { secret: unseal(secret, organization!.agentSigningSecret) })
  app = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const { agents } = await loadConfig(path.join(import.meta.dirname, '..', 'agentview.config.ts'))
  const [definition] = agents
  await main.publish({ ...definition!, url: `http://127.0.0.1:${(app.address() as AddressInfo).port}/` })
  person = await main.newPerson()
})

afterAll(async () => {
  app?.closeAllConnections()
  app?.close()
  await server?.close()
})

const message = (content: string) => ({ type: 'message', role: 'assistant', content })

test('an evening at the restaurant', async () => {
  const { id } = await person.client.createSession({ agent: 'waiter' })
  const say = async (content: string) => {
    const { run, items } = await person.client.ask(id, content)
    expect(run.error).toBeUndefined()
    return { run, items: items.slice(1).map(({ kind, data }) => [kind, data]) }
  }

  expect((await say('Menu')).items).toEqual([
    ['step', { type: 'tool_call', callId: 'menu', name: 'read_menu', arguments: {} }],
    ['step', { type: 'tool_result', callId: 'menu', result: expect.any(Array) }],
    ['output', message('We have soup for 6.50 €, bread for 2.50 €, tea for 3.20 €.')],
  ])
  expect((await say('1 caviar')).items).toEqual([
    ['step', expect.objectContaining({ arguments: { dish: 'caviar', count: 1 } })],
    ['step', { type: 'tool_result', callId: 'add', isError: true, result: 'There is no caviar.' }],
    ['output', message('I am sorry, we have no caviar.')],
  ])
  await say('2 soup')
  expect((await say('1 tea')).items.at(-1)).toEqual(['output', message('1 tea, with pleasure. That makes 16.20 €.')])
  const lines = [
    { dish: 'soup', count: 2, price: 650 },
    { dish: 'tea', count: 1, price: 320 },
  ]
  expect((await person.client.readSession(id)).state).toEqual(lines)
  expect((await say('bill')).items).toEqual([
    ['step', { type: 'bill', lines, total: 1_620 }],
    ['output', message('That is 16.20 €.')],
  ])

  const { run } = await say('order')
  expect(run).toMatchObject({ status: 'paused', pause: { toolCalls: [{ callId: 'order', name: 'send_order' }] } })
  const approvals = [{ callId: 'order', approved: true }]
  await person.client.post<Run>(`/v1/runs/${run.id}/resume`, { pauseId: run.pause!.pauseId, approvals })
  expect((await say('bill')).items.at(-1)).toEqual(['output', message('You have not ordered anything yet.')])
  expect(await person.client.readSession(id)).toMatchObject({ state: [], metadata: { lastTotal: 1_620 } })
})
