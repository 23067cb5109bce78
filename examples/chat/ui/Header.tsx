import type { AgentChoice } from '../core/config.ts'
import type { ChatState } from '../core/state.ts'
import { NewChatIcon } from './icons.tsx'

const STATUS = { connecting: 'Connecting…', online: 'Online', offline: 'Offline' } as const

interface Props {
  state: ChatState
  agent: AgentChoice | null
  canBegin: boolean
  onNewChat(agentName?: string): void
}

export function Header({ state, agent, canBegin, onNewChat }: Props) {
  return (
    <header className="header">
      <div className="header-inner">
        <Avatar title={agent?.title ?? 'AgentView'} />
        <div className="header-text">
          <h1 className="header-title">
            {state.agents.length > 1 && agent ? (
              <AgentMenu agents={state.agents} agent={agent} onPick={onNewChat} />
            ) : (
              (agent?.title ?? 'AgentView')
            )}
          </h1>
          <p className="header-status" data-status={state.connection}>
            {STATUS[state.connection]}
          </p>
        </div>
        <button type="button" className="button" disabled={!canBegin} onClick={() => onNewChat()}>
          <NewChatIcon />
          <span>New chat</span>
        </button>
      </div>
    </header>
  )
}

/** Another agent is another conversation, so picking one begins a new chat. */
function AgentMenu(props: { agents: readonly AgentChoice[]; agent: AgentChoice; onPick(name: string): void }) {
  return (
    <select
      className="agent-menu"
      aria-label="Agent to talk to. Another one begins a new chat."
      value={props.agent.name}
      onChange={(event) => props.onPick(event.target.value)}
    >
      {props.agents.map(({ name, title }) => (
        <option key={name} value={name}>
          {title}
        </option>
      ))}
    </select>
  )
}

export function Avatar({ title }: { title: string }) {
  return (
    <span className="avatar" aria-hidden="true">
      {[...title.trim()][0]?.toUpperCase() ?? 'A'}
    </span>
  )
}
