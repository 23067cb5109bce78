import path from 'node:path'
import { createApiClient } from '../client/apiClient.ts'
import { repository } from '../cluster/repository.ts'
import { readConversations } from '../replay/conversations.ts'
import { playAll } from '../replay/playAll.ts'
import { FakeServer, type Faults } from './fakeServer.ts'

const sample = path.join(repository, 'examples', 'replay', 'sample.jsonl')

let server: FakeServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** Plays the sample on a server with these faults. */
async function play(faults: Faults, outageMs = 5_000) {
  server = new FakeServer(faults)
  const url = await server.start()
  const api = createApiClient(url, outageMs === undefined ? {} : { outageMs })
  const conversations = await readConversations(sample)
  let turns = 0
  const target = { api, eventsUrl: url, publishableKey: 'av_pk_test' }
  const results = await playAll(conversations, target, 4, () => turns++)
  const mismatches = results.flatMap((result) => result.mismatches)
  const failures = results.map((result) => result.failure).filter((failure) => failure !== null)
  return { results, turns, mismatches, failures, api, conversations }
}

test('the sample plays without a difference', async () => {
  const { results, turns, mismatches, failures, api, conversations } = await play({})
  expect({ mismatches, failures }).toEqual({ mismatches: [], failures: [] })
  expect(results.map(({ id }) => id)).toEqual(conversations.map(({ id }) => id))
  expect(turns).toBe(conversations.reduce((sum, { turns }) => sum + turns.length, 0))
  expect(api.retries).toBe(0)
  for (const { firstText, end } of results.flatMap((result) => result.turns)) {
    expect(firstText).toBeGreaterThan(0)
    expect(end).toBeGreaterThanOrEqual(firstText!)
  }
})

test('streams that are cut again and again change nothing', async () => {
  const { results, mismatches, failures } = await play({ cutAfter: 7, unreadyStreams: 3 })
  expect({ mismatches, failures }).toEqual({ mismatches: [], failures: [] })
  expect(results.every((result) => result.reconnects > 0)).toBe(true)
})

test('a message whose answer was lost is not accepted twice', async () => {
  const { mismatches, failures, api } = await play({ lostAnswers: 5 })
  expect({ mismatches, failures, retries: api.retries }).toEqual({ mismatches: [], failures: [], retries: 5 })
})

test('503 is tried again, 429 when it says', async () => {
  const away = await play({ refusePosts: { times: 3, status: 503, headers: { 'Retry-After': '1' } } })
  expect({ failures: away.failures, retries: away.api.retries }).toEqual({ failures: [], retries: 3 })
  await server?.stop()
  const startedAt = performance.now()
  const limited = await play({ refusePosts: { times: 1, status: 429, headers: { 'Retry-After': '1' } } })
  expect({ failures: limited.failures, retries: limited.api.retries }).toEqual({ failures: [], retries: 1 })
  expect(performance.now() - startedAt).toBeGreaterThan(950)
})

test('a server that stays away is a failure', async () => {
  const { failures } = await play({ refusePosts: { times: 1_000_000, status: 503 } }, 300)
  expect(failures).toHaveLength(8)
  expect(failures[0]).toMatch(/^turn 1: POST .*messages: 503/)
})

test('a refusal is a failure at once', async () => {
  const { failures, api } = await play({ refusePosts: { times: 1, status: 422 } })
  expect(failures).toHaveLength(1)
  expect(api.retries).toBe(0)
})

test('a text that is not as recorded is a mismatch of its turn', async () => {
  const { mismatches } = await play({ distort: (text) => text.replace('third', 'fourth') })
  expect(mismatches).toEqual([
    {
      conversation: 'sample_echo',
      turn: 3,
      what: 'item 2 (output)',
      expected: { type: 'message', role: 'assistant', content: 'Hello for the third time.' },
      got: { type: 'message', role: 'assistant', content: 'Hello for the fourth time.' },
    },
  ])
})

test('a repeated event and a lost one are mismatches', async () => {
  const repeated = await play({ cutAfter: 9, repeat: 1 })
  expect(new Set(repeated.mismatches.map(({ what }) => what.replace(/ \(.*/, '')))).toEqual(new Set(['repeated event']))
  await server?.stop()
  const { mismatches } = await play({ lose: 4 })
  expect(mismatches.filter(({ what }) => what.startsWith('gap in the events'))).toHaveLength(8)
})
