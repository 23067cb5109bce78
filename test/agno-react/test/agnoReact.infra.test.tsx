import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  AgnoProvider,
  useAgnoActions,
  useAgnoChat,
  useAgnoSession,
  useAgnoToolExecution,
} from '@rodrigocoliveira/agno-react'
import { Window } from 'happy-dom'
import { act } from 'react'
import { type TestServer, startTestServer } from '../../server/startTestServer.ts'

const window = new Window({ url: 'http://localhost' })
const { document: page, navigator } = window
Object.assign(globalThis, { window, document: page, navigator, IS_REACT_ACT_ENVIRONMENT: true })

let server: TestServer
let token: string
/** React looks for the document when it is loaded. */
let createRoot: (typeof import('react-dom/client'))['createRoot']
const leaving: (() => Promise<void>)[] = []

beforeAll(async () => {
  ;({ createRoot } = await import('react-dom/client'))
  server = await startTestServer()
  token = (await server.main.newPerson()).token
  server.apps.set('waiter', ({ request, frame, end }) => {
    if (request.run.leg > 0) frame('text', { delta: `It is ${JSON.stringify(request.toolResults)}.` })
    else if (request.input['content'] === 'where') {
      frame('text', { delta: 'Let me see.' })
      frame('pause', { toolCalls: [{ callId: 'p1', name: 'get_location', arguments: { exact: true } }] })
      return end()
    } else for (const delta of ['Tea is ', '3 ', 'euros.']) frame('text', { delta })
    frame('done')
    end()
  })
  await server.main.publish({ name: 'waiter', title: 'The waiter' })
})
afterEach(async () => {
  for (const leave of leaving.splice(0)) await leave()
})
afterAll(async () => {
  await server?.close()
  await window.happyDOM.close()
})

type Handlers = NonNullable<Parameters<typeof useAgnoToolExecution>[0]>

function useEverything(handlers: Handlers, autoExecute: boolean) {
  const chat = useAgnoChat()
  const sessions = useAgnoSession()
  const actions = useAgnoActions()
  const tools = useAgnoToolExecution(handlers, autoExecute)
  return { chat, sessions, actions, tools }
}

/** A page as an application makes it, with the package's own provider and hooks. */
async function openPage(handlers: Handlers = {}, autoExecute = false) {
  const now: { hooks: ReturnType<typeof useEverything> | null } = { hooks: null }
  function Page() {
    const hooks = useEverything(handlers, autoExecute)
    now.hooks = hooks
    return (
      <>
        <ul>
          {hooks.sessions.sessions.map((session) => (
            <li key={session.session_id}>{session.session_name}</li>
          ))}
        </ul>
        {hooks.chat.messages.map((message, at) => (
          <p key={at}>{`${message.role}: ${String(message.content)}`}</p>
        ))}
      </>
    )
  }
  const place = document.createElement('div')
  const root = createRoot(place)
  const config = { endpoint: `${server.url}/agno`, agentId: 'waiter', authToken: token }
  await act(async () =>
    root.render(
      <AgnoProvider config={config}>
        <Page />
      </AgnoProvider>,
    ),
  )
  const texts = (tag: string) => [...place.querySelectorAll(tag)].map((element) => element.textContent)
  const page = {
    /** What the hooks give now. */
    get hooks() {
      if (!now.hooks) throw new Error('The page was not rendered.')
      return now.hooks
    },
    messages: () => texts('p'),
    sessions: () => texts('li'),
    /** Does something by a hook; after a run the package reads the history by itself. */
    async does<T>(what: (hooks: ReturnType<typeof useEverything>) => Promise<T>): Promise<T> {
      const result = await act(() => what(page.hooks))
      await page.until(() => !page.hooks.chat.isRefreshing && !page.hooks.chat.isStreaming)
      return result
    },
    /** React shows what has changed at the end of each `act`; what never comes is ended by Jest's timeout. */
    async until(done: () => boolean): Promise<void> {
      do await act(() => sleep(10))
      while (!done())
    },
  }
  leaving.push(() => act(async () => root.unmount()))
  return page
}

describe('the published React client of Agno', () => {
  test('lists agents, streams a run and loads its history', async () => {
    const page = await openPage()
    expect(await page.does(({ actions }) => actions.fetchAgents())).toContainEqual({ id: 'waiter', name: 'The waiter' })
    await page.does(({ chat }) => chat.sendMessage('tea'))
    expect(page.messages()).toEqual(['user: tea', 'agent: Tea is 3 euros.'])
    const sessionId = page.hooks.sessions.currentSessionId!
    const other = await openPage()
    await other.does(({ sessions }) => sessions.loadSession(sessionId))
    expect(other.messages()).toEqual(['user: tea', 'agent: Tea is 3 euros.'])
    await other.does(({ chat }) => chat.sendMessage('again'))
    expect(other.messages()).toHaveLength(4)
  })

  test('continues a paused run with the results that the page gives', async () => {
    const page = await openPage()
    await page.does(({ chat }) => chat.sendMessage('where'))
    expect(page.hooks.tools.isPaused).toBe(true)
    const [call] = page.hooks.tools.pendingTools
    expect(call).toMatchObject({ tool_call_id: 'p1', tool_name: 'get_location', tool_args: { exact: true } })
    await page.does(({ tools }) => tools.continueWithResults([{ ...call!, result: 'Łódź' }]))
    expect(page.messages().at(-1)).toBe('agent: Let me see.\n\nIt is [{"callId":"p1","output":"Łódź"}].')
    expect(page.hooks.chat.isPaused).toBe(false)
  })

  test('carries tools out by itself, as its handlers do it', async () => {
    const asked: unknown[] = []
    const getLocation = (given: unknown) => {
      asked.push(given)
      return Promise.resolve({ city: 'Łódź' })
    }
    const page = await openPage({ get_location: getLocation }, true)
    await page.does(({ chat }) => chat.sendMessage('where'))
    await page.until(() => page.messages().some((text) => text?.includes('It is')) && !page.hooks.chat.isRefreshing)
    expect(asked).toEqual([{ exact: true }])
    expect(page.messages()).toHaveLength(2)
    expect(page.messages()[1]).toContain('Łódź')
  })

  test('lists, renames and deletes sessions', async () => {
    token = (await server.main.newPerson()).token
    const page = await openPage()
    await page.does(({ chat }) => chat.sendMessage('tea'))
    const sessionId = page.hooks.sessions.currentSessionId!
    await page.does(({ sessions }) => sessions.fetchSessions())
    expect(page.sessions()).toEqual(['tea'])
    await page.does(({ sessions }) => sessions.renameSession(sessionId, 'Prices'))
    await page.does(({ sessions }) => sessions.fetchSessions())
    expect(page.sessions()).toEqual(['Prices'])
    await page.does(({ sessions }) => sessions.deleteSession(sessionId))
    await page.does(({ sessions }) => sessions.fetchSessions())
    expect(page.sessions()).toEqual([])
  })
})
