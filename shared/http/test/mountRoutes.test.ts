import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { clientRoutes } from '@shared/contracts/clientApi'
import { AgentViewError } from '@shared/domain/errors'
import type { Authenticator } from '@shared/intake/authenticate'
import { openDoor } from '@shared/intake/door'
import { createLimits } from '@shared/limits/limits'
import { NO_LIMITS } from '@shared/limits/settings'
import { answerErrors, answerNotFound, jsonBody, newApp } from '../httpApp.ts'
import { mountRoutes } from '../mountRoutes.ts'
import type { Call } from '../serveRoute.ts'

/** Knows keys by their kind. */
const authenticator: Authenticator = {
  async authenticate(credential) {
    if (credential === 'secret' || credential === 'publishable')
      return { kind: credential, organizationId: 'org_1', keyId: 'key_1' }
    throw new AgentViewError('unauthorized', 'Who are you?')
  },
  async checkOrigin(_caller, origin) {
    if (origin === 'https://evil.example') throw new AgentViewError('origin_not_allowed', 'Not from there.')
  },
}

const limits = createLimits({ settings: NO_LIMITS, counters: null, log: pino({ level: 'silent' }) })
const door = openDoor(authenticator, limits)

let server: Server
let url: string
let calls: Pick<Call<'sendMessage'>, 'params' | 'body' | 'key'>[] = []

beforeAll(async () => {
  const app = newApp()
  app.use(jsonBody())
  const { sendMessage, listSessions, cancelRun } = clientRoutes
  mountRoutes(
    app,
    { sendMessage, listSessions, cancelRun },
    {
      async sendMessage({ params, body, key }) {
        calls.push({ params, body, key })
        return { status: 202, body: {}, headers: { Location: '/v1/runs/1' } }
      },
      async listSessions({ query }) {
        return { status: 200, body: query }
      },
      async cancelRun({ body, params }) {
        return { status: 200, body: { ...params, body } }
      },
    },
    door,
  )
  app.use(answerNotFound(), answerErrors(pino({ level: 'silent' })))
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const SESSION = 'ses_01jd0000000000000000000000'

async function ask(method: string, path: string, options: { body?: unknown; headers?: Record<string, string> } = {}) {
  const { body, headers = {} } = options
  const response = await fetch(url + path, {
    method,
    headers: { authorization: 'Bearer secret', 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as { error?: { code: string; details?: unknown[] } }
  return { status: response.status, code: answer.error?.code, answer, headers: response.headers }
}

describe('a request', () => {
  test('reaches its handler with checked parts and its key', async () => {
    calls = []
    const headers = { 'idempotency-key': 'k' }
    const { status, headers: answered } = await ask('POST', `/v1/sessions/${SESSION}/messages`, {
      body: { input: 'x' },
      headers,
    })
    expect([status, answered.get('location')]).toEqual([202, '/v1/runs/1'])
    const key = { route: 'post /v1/sessions/{sessionId}/messages', key: 'k', requestHash: expect.any(String) }
    expect(calls).toEqual([{ params: { sessionId: SESSION }, body: { input: 'x' }, key }])
  })

  test('has its query read as what the schema says', async () => {
    const { answer } = await ask('GET', '/v1/sessions?limit=7&agent=a&metadata.x%20y=1')
    expect(answer).toEqual({ limit: 7, agent: 'a', 'metadata.x y': '1' })
  })

  test('is judged in order: who asks, may he, from where, is it sound', async () => {
    calls = []
    const path = '/v1/sessions/not-an-id/messages'
    const evil = { origin: 'https://evil.example' }
    const asked = async (authorization: string, more: Record<string, string> = {}) =>
      (await ask('POST', path, { body: { wrong: 1 }, headers: { authorization, ...more } })).code
    expect(await asked('Bearer unknown', evil)).toBe('unauthorized')
    expect(await asked('Bearer publishable', evil)).toBe('forbidden')
    expect(await asked('Bearer secret', evil)).toBe('origin_not_allowed')
    expect(await asked('Bearer secret')).toBe('invalid_request')
    expect(await asked('bearer secret')).toBe('invalid_request')
    expect(calls).toEqual([])
  })

  test('that wants no body may send an empty one, and nothing else', async () => {
    const path = `/v1/runs/run_01jd0000000000000000000000/cancel`
    expect((await ask('POST', path)).status).toBe(200)
    expect((await ask('POST', path, { body: {} })).status).toBe(200)
    expect((await ask('POST', path, { body: { status: 'x' } })).code).toBe('invalid_request')
    expect((await ask('POST', path, { body: null })).code).toBe('invalid_request')
  })

  test('is not mounted where no handler is', async () => {
    expect((await ask('GET', '/v1/agents')).code).toBe('not_found')
  })
})
