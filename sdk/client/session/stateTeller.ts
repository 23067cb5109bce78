import type { Message } from '../messages/message.ts'
import { changedMessages } from '../messages/messageStore.ts'
import { timing } from '../timing.ts'
import type { ClientState } from './clientState.ts'
import type { Tell } from './tellEvent.ts'

/**
 * Makes the state when somebody looks, and tells of changes once a frame: a burst of deltas is one change. Whoever looks
 * earlier sees everything already.
 */
export class StateTeller {
  readonly #derive: () => ClientState
  readonly #tell: Tell
  #state: ClientState | null = null
  #told: ClientState
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(derive: () => ClientState, tell: Tell) {
    this.#derive = derive
    this.#tell = tell
    this.#told = derive()
    this.#state = this.#told
  }

  get(): ClientState {
    this.#state ??= this.#derive()
    return this.#state
  }

  /** Something has changed. */
  touch(): void {
    this.#state = null
    this.#timer ??= setTimeout(() => this.flush(), timing.frame)
  }

  /** Tells what has changed since it was told last. `bulk`: whole pages of messages came, which are not told one by one. */
  flush(bulk: 'bulk' | null = null): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const state = this.get()
    if (state === this.#told) return
    const before = this.#told.messages
    this.#told = state
    if (bulk === null) this.#tellMessages(before, state.messages)
    this.#tell('state:change', state)
  }

  #tellMessages(before: readonly Message[], after: readonly Message[]): void {
    if (before === after) return
    for (const message of changedMessages(before, after)) {
      this.#tell('message:update', message)
      if (!isOver(message)) continue
      const old = before.findLast(({ key }) => key === message.key)
      if (!old || !isOver(old)) this.#tell('message:complete', message)
    }
  }
}

function isOver({ status }: Message): boolean {
  return status === 'complete' || status === 'incomplete'
}
