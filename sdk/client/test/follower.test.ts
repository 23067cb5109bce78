import type { SessionEvent } from '@agentview/contracts'
import type { Credentials } from '../auth/credentials.ts'
import { ClientError } from '../clientError.ts'
import { type ConnectionState, Follower } from '../transport/follower.ts'
import { nextStep } from '../transport/nextStep.ts'
import type { Ending, Transport } from '../transport/transport.ts'
import { eventOf, itemOf } from './samples.ts'

const refused = (code: ClientError['code'], status: number, retryAfterMs?: number): Ending => ({
  kind: 'refused',
  error: new ClientError(code, 'no', { status, ...(retryAfterMs !== undefined && { retryAfterMs }) }),
})

test.each<[string, Ending, boolean, string]>([
  ['a connection that is lost', { kind: 'lost', why: '' }, true, 'again'],
  ['one that never came up', { kind: 'lost', why: '' }, false, 'other'],
  ['a cut as too slow', { kind: 'cut', reason: 'slow' }, true, 'again'],
  ['a cut by a server that goes', { kind: 'cut', reason: 'shutdown' }, true, 'again'],
  ['a cut for a reason to come', { kind: 'cut', reason: 'weather' }, true, 'again'],
  ['a cut at the token’s end', { kind: 'cut', reason: 'token_expired' }, true, 'renew'],
  ['a cut of a revoked family', { kind: 'cut', reason: 'revoked' }, true, 'renew'],
  ['a cut of a deleted session', { kind: 'cut', reason: 'deleted' }, true, 'gone'],
  ['a refused token', refused('unauthorized', 401), false, 'renew'],
  ['an expired token', refused('token_expired', 401), false, 'renew'],
  ['an absent session', refused('not_found', 404), false, 'gone'],
  ['a log that was set back', refused('cursor_ahead', 409), false, 'reset'],
  ['a full server', refused('unavailable', 503, 2_000), false, 'again'],
  ['a page that may not call', refused('origin_not_allowed', 403), false, 'refused'],
])('after %s: %#', (_what, ending, opened, step) => {
  expect(nextStep(ending, opened)).toMatchObject({ do: step })
})

interface Script {
  events?: number[]
  opens?: boolean
  ending: Ending | 'stays'
}

/** Follows a session over connections that go as they are written. */
async function follow(scripts: Script[], names: Transport['name'][] = ['socket', 'sse']) {
  const reads: string[] = []
  const states: ConnectionState['status'][] = []
  let token = 'token 1'
  const credentials: Credentials = {
    key: null,
    token: () => Promise.resolve(token),
    renew: (spent) => Promise.resolve((token = `${spent}+`)),
  }
  let seq = 0
  const gone: string[] = []
  let stays: () => void = () => undefined
  const stayed = new Promise<void>((resolve) => (stays = resolve))
  const transports = names.map((name): Transport => ({
    name,
    async read({ after, token: by, signal }, reader) {
      const script = scripts.shift() ?? { opens: true, ending: 'stays' }
      reads.push(`${name} after ${after} by ${by}`)
      if (script.opens) reader.opened()
      for (const number of script.events ?? [])
        reader.event(eventOf(number, 'item.created', { item: itemOf(number, 0, '') }))
      if (script.ending !== 'stays') return script.ending
      stays()
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'lost', why: '' })))
    },
  }))
  const follower = new Follower({
    transports,
    credentials,
    knock: () => Promise.resolve(),
    changed: ({ status }) => states.push(status),
  })
  const took = (event: SessionEvent) => {
    if (event.seq > seq + 1) return false
    seq = Math.max(seq, event.seq)
    return true
  }
  follower.follow({
    sessionId: 'ses_1',
    cursor: () => seq,
    take: took,
    reset: () => (seq = 0),
    gone: (reason) => (gone.push(reason), stays()),
  })
  // Each pause is cut short: what is tested is the order, not the time.
  const hurry = setInterval(() => follower.hurry(), 1)
  await stayed
  clearInterval(hurry)
  const result = { reads, states: [...states], gone, seq, state: follower.state }
  follower.stop()
  return result
}

test('connections follow on each other, each from the cursor', async () => {
  const lost: Ending = { kind: 'lost', why: '' }
  const { reads, seq, state } = await follow([
    { opens: true, events: [1, 2], ending: lost },
    { opens: true, events: [2, 3], ending: { kind: 'cut', reason: 'slow' } },
  ])
  expect(reads).toEqual(['socket after 0 by token 1', 'socket after 2 by token 1', 'socket after 3 by token 1'])
  expect(seq).toBe(3)
  expect(state).toMatchObject({ status: 'online', transport: 'socket' })
})

test('a gap is not taken: the connection is given up and read again from the cursor', async () => {
  const { reads, seq } = await follow([{ opens: true, events: [1, 3, 4], ending: { kind: 'lost', why: '' } }])
  expect(reads).toEqual(['socket after 0 by token 1', 'socket after 1 by token 1'])
  expect(seq).toBe(1)
})

test('a way that does not come up is left for the other one, and one that came up is kept', async () => {
  const lost: Ending = { kind: 'lost', why: '' }
  const { reads, states } = await follow([
    { ending: lost },
    { opens: true, ending: lost },
    { opens: true, ending: 'stays' },
  ])
  expect(reads.map((read) => read.split(' ')[0])).toEqual(['socket', 'sse', 'sse'])
  expect(states).toEqual(['connecting', 'offline', 'online', 'connecting', 'online'])
})

test('a token that is refused is renewed before the next try', async () => {
  const { reads } = await follow([{ ending: refused('token_expired', 401) }])
  expect(reads).toEqual(['socket after 0 by token 1', 'socket after 0 by token 1+'])
})

test('a log that was set back is read from its beginning; a session that is gone is not read any more', async () => {
  const { reads, gone } = await follow([
    { opens: true, events: [1, 2], ending: { kind: 'lost', why: '' } },
    { ending: refused('cursor_ahead', 409) },
    { ending: { kind: 'cut', reason: 'deleted' } },
  ])
  expect(reads.map((read) => read.split(' ')[2])).toEqual(['0', '2', '0'])
  expect(gone).toEqual(['deleted'])
})
