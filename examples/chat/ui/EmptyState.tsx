import type { ChatState } from '../core/state.ts'
import { Avatar } from './Header.tsx'

interface Welcome {
  lead: string
  prompts: string[]
}

const WELCOMES: Record<string, Welcome> = {
  eliza: {
    lead: 'ELIZA, 1966, was the first program that people poured their hearts out to. She listens, and asks back.',
    prompts: ['I feel tired these days', 'I had a strange dream last night', 'My mother always worries about me'],
  },
}
const ANYONE: Welcome = {
  lead: 'Write a message to begin. The answer comes as it is made.',
  prompts: ['Hello! What can you do?', 'Show me an example'],
}

interface Props {
  state: ChatState
  title: string
  agentName: string | undefined
  onPick(text: string): void
}

/** Before the first message: whom one talks to, and ways to begin. */
export function EmptyState({ state, title, agentName, onPick }: Props) {
  if (state.phase === 'loading') return <main className="scroll" aria-busy="true" />
  if (!agentName) return <NoAgents />
  const { lead, prompts } = WELCOMES[agentName] ?? ANYONE
  return (
    <main className="scroll">
      <div className="empty">
        <Avatar title={title} />
        <h2>Talk to {title}</h2>
        <p>{lead}</p>
        <ul className="prompts" aria-label="Ways to begin">
          {prompts.map((prompt) => (
            <li key={prompt}>
              <button type="button" className="prompt" onClick={() => onPick(prompt)}>
                {prompt}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </main>
  )
}

function NoAgents() {
  return (
    <main className="scroll">
      <div className="empty">
        <h2>There is no agent yet</h2>
        <p>
          Describe one in <code>agentview.config.ts</code> and publish it, then reload this page:
        </p>
        <pre>agentview config push</pre>
      </div>
    </main>
  )
}
