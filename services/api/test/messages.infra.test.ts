import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Acceptance, ErrorBody, Waited } from '../../../test/server/apiClient.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

async function newSession(agent = 'echo'): Promise<string> {
  return (await person.client.createSession({ agent })).id
}

const contents = (items: readonly { data: Record<string, unknown> }[]) => items.map((item) => item.data['content'])

describe('a message that is answered at once', () => {
  test('is accepted with its run, its item, the last seq and where to look', async () => {
    const id = await newSession()
    const path = `/v1/sessions/${id}/messages`
    const { status, headers, body } = await person.client.post<Acceptance>(path, { input: 'hello' })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(headers.has('preference-applied')).toBe(false)
    expect(headers.has('idempotent-replayed')).toBe(false)
    expect(body.seq).toBe(3)
    expect(body.run).toMatchObject({ sessionId: id, runNo: 1, type: 'chat', version: '1.0.0' })
    expect(body.item).toMatchObject({ runId: body.run.id, kind: 'input', status: 'complete', itemNo: 0 })
    expect(body.item.data).toEqual({ type: 'message', role: 'user', content: 'hello' })
  })
})
describe('a message that waits', () => {
  test('is answered with the run and its items once that has ended', async () => {
    const path = `/v1/sessions/${await newSession()}/messages`
    const { status, headers, body } = await person.client.post<Waited>(path, { input: 'hi' }, { prefer: 'wait=30' })
    expect(status).toBe(200)
    expect(headers.get('preference-applied')).toBe('wait=30')
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(body.run.status).toBe('completed')
    expect(contents(body.items)).toEqual(['hi', 'You said: hi'])
  })
})
