import type { SessionEvent } from '@agentview/contracts'
import type { Credentials } from '../auth/credentials.ts'
import { type ClientError, toClientError } from '../clientError.ts'
import type { TransportName } from '../options.ts'
import { backoff, sleep, timing } from '../timing.ts'
import { type Step, nextStep } from './nextStep.ts'
import type { Transport } from './transport.ts'

export type ConnectionStatus = 'closed' | 'connecting' | 'online' | 'offline'

/** How the client stands with the server. `problem` says what is in the way when it is more than the network. */
export interface ConnectionState {
  readonly status: ConnectionStatus
  readonly transport: TransportName | null
  readonly problem: ClientError | null
}

/** The session that is followed, from the follower's side. */
export interface Followed {
  readonly sessionId: string
  /** The seq after which the next connection begins. */
  cursor(): number
  /** False when one before it is missing: the follower reads again from the cursor. */
  take(event: SessionEvent): boolean
  reset(): void
  gone(reason: string): void
}

export interface FollowerParts {
  transports: readonly Transport[]
  credentials: Credentials
  /** Asks the server for anything, to see that it is there and lets us in. Throws ClientError. */
  knock(): Promise<unknown>
  changed(state: ConnectionState): void
}

// follow ─▶ one connection after the other, each from the cursor:
//   token ─▶ transport.read ─▶ events ─▶ take
//              └─ how it ended ─▶ nextStep ─▶ pause, another token, another transport, reset, or the end

/** Reads one session for as long as it is asked to, whatever happens to connections, tokens and servers. */
export class Follower {
  readonly #parts: FollowerParts
  #state: ConnectionState = { status: 'closed', transport: null, problem: null }
  #following = new AbortController()
  #connection = new AbortController()
  #pause = new AbortController()
  /** Which transport is taken; the one that came up last stays. */
  #way = 0
  #failures = 0

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Follows this session from now on, and no other; null: none, it is only seen to that the server lets us in. */
  follow(followed: Followed | null): void {
    this.#following.abort()
    this.#connection.abort()
    this.#following = new AbortController()
    this.#failures = 0
    void this.#run(followed, this.#following.signal)
  }

  stop(): void {
    this.#following.abort()
    this.#connection.abort()
    this.#say({ status: 'closed', transport: null, problem: null })
  }

  /** The network may be back: try now and not at the end of the pause. */
  hurry(): void {
    this.#failures = 0
    this.#pause.abort()
  }

  async #run(followed: Followed | null, stopped: AbortSignal): Promise<void> {
    this.#say({ status: 'connecting', transport: null, problem: null })
    while (!stopped.aborted) {
      const step = await this.#once(followed, stopped)
      if (stopped.aborted) return
      if (step === 'let in') return
      if (step.do === 'gone') return followed?.gone(step.reason)
      if (step.do === 'reset') followed?.reset()
      if (step.do === 'other') this.#way = (this.#way + 1) % this.#parts.transports.length
      const wait = 'waitMs' in step ? step.waitMs : undefined
      this.#failures++
      this.#pause = new AbortController()
      const end = () => this.#pause.abort()
      stopped.addEventListener('abort', end)
      await sleep(wait ?? backoff(this.#failures), this.#pause.signal)
      stopped.removeEventListener('abort', end)
    }
  }

  /** One connection, from its token to what is to be done once it has ended. */
  async #once(followed: Followed | null, stopped: AbortSignal): Promise<Step | 'let in'> {
    let token: string
    try {
      if (!followed) return await this.#knock(stopped)
      token = await this.#parts.credentials.token()
    } catch (thrown) {
      return stopped.aborted ? { do: 'again' } : this.#failed(toClientError(thrown))
    }
    if (stopped.aborted) return { do: 'again' }
    const { opened, ending } = await this.#read(followed, token, stopped)
    if (stopped.aborted) return { do: 'again' }
    const step = nextStep(ending, opened)
    if (step.do === 'renew') return this.#renew(token)
    if (step.do === 'refused') return this.#failed(step.error)
    this.#say({ status: opened ? 'connecting' : 'offline', transport: null, problem: null })
    return step
  }

  async #knock(stopped: AbortSignal): Promise<'let in'> {
    await this.#parts.knock()
    if (!stopped.aborted) this.#say({ status: 'online', transport: null, problem: null })
    return 'let in'
  }

  async #read(followed: Followed, token: string, stopped: AbortSignal) {
    const transport = this.#parts.transports[this.#way]!
    this.#connection = new AbortController()
    const { signal } = this.#connection
    let opened = false
    const ending = await transport.read(
      { sessionId: followed.sessionId, after: followed.cursor(), token, key: this.#parts.credentials.key, signal },
      {
        opened: () => {
          opened = true
          if (!stopped.aborted) this.#say({ status: 'online', transport: transport.name, problem: null })
        },
        event: (event) => {
          if (signal.aborted || stopped.aborted) return
          this.#failures = 0
          if (!followed.take(event)) this.#connection.abort()
        },
        renew: (spent) => this.#parts.credentials.renew(spent).catch(() => null),
      },
    )
    return { opened, ending }
  }

  async #renew(spent: string): Promise<Step> {
    try {
      await this.#parts.credentials.renew(spent)
      this.#say({ status: 'connecting', transport: null, problem: null })
      return { do: 'again' }
    } catch (thrown) {
      return this.#failed(toClientError(thrown))
    }
  }

  /** No token, or a refusal that no other token helps against. */
  #failed(error: ClientError): Step {
    this.#say({ status: 'offline', transport: null, problem: error.code === 'unreachable' ? null : error })
    const waitMs = error.retryAfterMs ?? (error.isTemporary ? undefined : timing.retryRefused)
    return waitMs === undefined ? { do: 'again' } : { do: 'again', waitMs }
  }

  #say(state: ConnectionState): void {
    const { status, transport, problem } = this.#state
    if (status === state.status && transport === state.transport && problem === state.problem) return
    this.#state = state
    this.#parts.changed(state)
  }
}
