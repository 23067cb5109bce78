import type { ComponentType } from 'react'
import type { Item, Run, Session } from '@shared/domain/objects'
import type { Json } from '@shared/domain/json'

/** What a component that shows an item is given. */
export interface DisplayProps {
  /** The agent's or client's own JSON object. */
  data: Item['data']
  item: Item
  /** For a call: the item with its result, once it has come. */
  result?: Item | undefined
  run: Run | undefined
  session: Session
}

/** A line of the panel beside a session. */
export interface DisplayProperty {
  title: string
  /** What to show of it: a text, a number, or a component's output. */
  value: (of: { session: Session; run?: Run | undefined }) => Json | undefined
}

export interface DisplayConfig {
  schema?: object
  displayComponent?: ComponentType<DisplayProps>
}

/** What a component that asks for a score is given. */
export interface ScoreInputProps {
  /** One's own score as it is; undefined before one is given. */
  value: Json | undefined
  onChange: (value: Json) => void
  item: Item
}

export interface ScoreConfig {
  name: string
  inputComponent?: ComponentType<ScoreInputProps>
}

export interface RunTypeConfig {
  type: string
  input?: DisplayConfig
  steps?: readonly (DisplayConfig & { callResult?: DisplayConfig })[]
  output?: DisplayConfig & { scores?: readonly ScoreConfig[] }
  displayProperties?: readonly DisplayProperty[]
}

export interface AgentConfig {
  name: string
  title?: string
  runs: readonly RunTypeConfig[]
  displayProperties?: readonly DisplayProperty[]
}

/** A page of your own in the sidebar. */
export interface PageConfig {
  /** Below `/studio/pages/`, e.g. `refunds`. */
  path: string
  title: string
  icon?: ComponentType<{ className?: string }>
  component: ComponentType
}

/** What Studio reads of `agentview.config.tsx`. */
export interface StudioConfig {
  agents: readonly AgentConfig[]
  pages?: readonly PageConfig[]
  /** CSS variables of styles/tokens.css, e.g. `{ accent: '#0f766e' }`. */
  theme?: Readonly<Record<string, string>>
}
