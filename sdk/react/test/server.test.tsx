import { renderToString } from 'react-dom/server'
import { AgentViewProvider, useChat, useConnection, useSessions } from '../index.ts'
import { queuePosition } from '../queuePosition.ts'
import { errorOfConversation } from '../chatError.ts'

function Chat() {
  const { messages, status, error, queuePosition: position } = useChat({ sessionId: 'ses_any' })
  const { sessions, loading } = useSessions()
  const { status: connection } = useConnection()
  return <p>{JSON.stringify({ messages, status, error, position, sessions, loading, connection })}</p>
}

test('a chat renders on a server, as it is before anything has happened, and asks for nothing', () => {
  const asked: unknown[] = []
  const fetch: typeof globalThis.fetch = (input) => {
    asked.push(input)
    return Promise.reject(new Error('no network here'))
  }
  const html = renderToString(
    <AgentViewProvider options={{ endpoint: 'https://agents.example', publishableKey: 'av_pk_x', agent: 'a', fetch }}>
      <Chat />
    </AgentViewProvider>,
  )
  expect(JSON.parse(html.replace(/<.?p>/g, '').replaceAll('&quot;', '"'))).toEqual({
    messages: [],
    status: 'idle',
    error: null,
    position: null,
    sessions: [],
    loading: true,
    connection: 'closed',
  })
  expect(asked).toEqual([])
})

test('a hook without a provider says what to do', () => {
  expect(() => renderToString(<Chat />)).toThrow(/There is no <AgentViewProvider> above this component/)
})

const run = (status: string, error?: object) => ({ id: status, status, error }) as never

test.each([
  [[], null],
  [[run('completed')], null],
  [[run('running')], null],
  [[run('completed'), run('running'), run('queued')], 1],
  [[run('running'), run('queued'), run('queued')], 2],
])('the queue position of %j is %s', (runs, position) => {
  expect(queuePosition(runs)).toBe(position)
})

test('a run that failed is the conversation’s error until another one begins', () => {
  const failed = run('failed', { code: 'sold_out', message: 'out of stock' })
  const about = { messages: [], runs: [failed], status: 'idle' as const }
  expect(errorOfConversation(about)).toMatchObject({ code: 'sold_out' })
  expect(errorOfConversation({ ...about, runs: [failed, run('running')], status: 'running' })).toBeNull()
})
