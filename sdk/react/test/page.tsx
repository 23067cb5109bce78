import { type ComponentType, StrictMode, memo, useState } from 'react'
import { createRoot } from 'react-dom/client'
import {
  AgentViewProvider,
  useActions,
  useChat,
  useConnection,
  useMemory,
  useSession,
  useSessions,
  useToolExecution,
} from '../index.ts'

// The page of react.browser.test.ts. It counts how often each component renders, by its name and the message's place.

declare global {
  interface Window {
    renders: Record<string, number>
    carriedOut: number
  }
}

window.renders = {}
window.carriedOut = 0

function counted(name: string): void {
  window.renders[name] = (window.renders[name] ?? 0) + 1
}

type Message = ReturnType<typeof useChat>['messages'][number]

const Line = memo(function Line({ message, place }: { message: Message; place: number }) {
  counted(`message ${place}`)
  return <li data-role={message.role ?? message.kind}>{message.text}</li>
})

function Chat() {
  counted('chat')
  const sessionId = new URLSearchParams(location.search).get('session')
  const chat = useChat(sessionId === null ? {} : { sessionId })
  return (
    <main>
      <ul>
        {chat.messages.map((message, place) => (
          <Line key={message.key} message={message} place={place} />
        ))}
      </ul>
      <output id="status">{chat.status}</output>
      <output id="error">{chat.error?.code ?? ''}</output>
    </main>
  )
}

/** Only acts: nothing that comes renders it again. */
function Form() {
  counted('form')
  const { sendMessage, startNewSession } = useActions()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        const input = new FormData(event.currentTarget).get('text')
        if (typeof input === 'string') void sendMessage(input)
      }}
    >
      <input name="text" />
      <button>Send</button>
      <button type="button" onClick={startNewSession}>
        New
      </button>
    </form>
  )
}

function Tools() {
  const { calls, approve } = useToolExecution({
    ask: {
      approval: true,
      run: () => {
        window.carriedOut++
        return { chosen: 'tea' }
      },
    },
  })
  return calls.map(({ callId, name, status }) => (
    <button key={callId} onClick={() => void approve(callId)} disabled={status !== 'approval'}>
      Allow {name}
    </button>
  ))
}

function Sessions() {
  const { session } = useSession()
  const { sessions, remove } = useSessions()
  const { status } = useConnection()
  return (
    <aside>
      <output id="connection">{status}</output>
      <output id="session">{session?.id ?? ''}</output>
      {sessions.map(({ id }) => (
        <button key={id} onClick={() => void remove(id)}>
          Delete {id}
        </button>
      ))}
    </aside>
  )
}

function Memories() {
  const { memories, remember, forget } = useMemory({ topic: 'taste' })
  return (
    <section>
      <button onClick={() => void remember({ topic: 'taste', content: 'likes tea' })}>Remember</button>
      {memories.map(({ id, content }) => (
        <button key={id} onClick={() => void forget(id)}>
          Forget: {content}
        </button>
      ))}
    </section>
  )
}

const parts: Record<string, ComponentType> = { Chat, Form, Tools, Sessions, Memories }

function App() {
  const [options] = useState(() => {
    const query = new URLSearchParams(location.search)
    const of = (name: string) => query.get(name) ?? ''
    return { endpoint: of('endpoint'), publishableKey: of('key'), agent: of('agent') }
  })
  return (
    <AgentViewProvider options={options}>
      {Object.entries(parts).map(([name, Part]) => (
        <Part key={name} />
      ))}
    </AgentViewProvider>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
