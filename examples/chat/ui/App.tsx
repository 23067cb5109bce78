import { useSyncExternalStore } from 'react'
import type { Chat } from '../core/chat.ts'
import { liveRun } from '../core/conversation.ts'
import { Announcer } from './Announcer.tsx'
import { Banner } from './Banner.tsx'
import { Composer } from './Composer.tsx'
import { EmptyState } from './EmptyState.tsx'
import { Header } from './Header.tsx'
import { Transcript } from './Transcript.tsx'

export function App({ chat }: { chat: Chat }) {
  const state = useSyncExternalStore(chat.subscribe, chat.getSnapshot)
  const spokenWith = state.view.session?.agent
  const agent = state.agents.find(({ name }) => name === spokenWith) ?? state.agent
  const title = agent?.title ?? 'AgentView'
  const isEmpty = !state.restoring && state.view.items.length === 0 && state.outbox.length === 0
  const run = liveRun(state.view)
  return (
    <div className="app">
      <Header
        state={state}
        agent={agent}
        canBegin={!isEmpty || state.sessionId !== null}
        onNewChat={(agentName) => chat.newChat(agentName)}
      />
      <Banner state={state} onDismiss={() => chat.dismissNotice()} />
      {isEmpty ? (
        <EmptyState state={state} title={title} agentName={agent?.name} onPick={(text) => chat.send(text)} />
      ) : (
        <Transcript
          state={state}
          title={title}
          onSend={(text) => chat.send(text)}
          onSendAgain={(key) => chat.sendAgain(key)}
          onDiscard={(key) => chat.discard(key)}
        />
      )}
      <Composer
        title={title}
        canSend={state.phase === 'loading' || state.agent !== null}
        isLive={run !== null}
        isStopping={run !== null && state.stopping === run.id}
        onSend={(text) => chat.send(text)}
        onStop={() => void chat.stop()}
      />
      <Announcer state={state} title={title} />
    </div>
  )
}
