import { EMPTY_VIEW, type SessionView } from '@agentview/contracts'
import { MessageStore } from '../messages/messageStore.ts'
import { newKey } from '../platform.ts'
import type { OlderItems } from './olderItems.ts'
import type { SessionFeed } from './sessionFeed.ts'

/** What the client is about just now: a session, or the draft of one that the first message will begin. */
export class Conversation {
  /** Names the draft, so that messages which wait to be sent know what they belong to. */
  draft = newKey()
  sessionId: string | null
  feed: SessionFeed | null = null
  older: OlderItems | null = null
  readonly messages = new MessageStore()
  /** Fires when the client turns to another conversation. */
  readonly left = new AbortController()

  constructor(sessionId: string | null = null) {
    this.sessionId = sessionId
  }

  get view(): SessionView {
    return this.feed?.view ?? EMPTY_VIEW
  }

  get loading(): boolean {
    return this.sessionId !== null && this.feed === null
  }
}
