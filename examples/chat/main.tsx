import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Chat } from './core/chat.ts'
import { loadConfig } from './core/config.ts'
import { SocketConnection } from './core/connection.ts'
import { EndUser, isGrant } from './core/endUser.ts'
import { isKeptOutbox, isKeptSession } from './core/kept.ts'
import { oneAtATime } from './core/oneAtATime.ts'
import { browserStorage, stored } from './core/storage.ts'
import { App } from './ui/App.tsx'
import './ui/styles.css'

const send = (url: string, init: RequestInit) => fetch(url, init)
// Whom we talk to as is kept for all tabs; what was written and not yet sent is this tab's.
const shared = browserStorage('localStorage')
const own = browserStorage('sessionStorage')

const chat = new Chat({
  loadConfig: () => loadConfig(send, `${import.meta.env.BASE_URL}config.json`),
  fetch: send,
  openEndUser: (publishableKey) =>
    new EndUser({
      publishableKey,
      fetch: send,
      grant: stored(shared, 'agentview.demo.endUser', isGrant),
      exclusively: oneAtATime('agentview.demo.endUser', navigator.locks),
    }),
  openConnection: (endUser, events) => new SocketConnection(endUser, events),
  kept: {
    session: stored(shared, 'agentview.demo.session', isKeptSession),
    outbox: stored(own, 'agentview.demo.outbox', isKeptOutbox),
  },
})

// A laptop that wakes up, a phone that leaves a tunnel: don't wait for the end of the pause.
window.addEventListener('online', () => chat.hurry())
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && chat.hurry())

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App chat={chat} />
  </StrictMode>,
)
void chat.start()
