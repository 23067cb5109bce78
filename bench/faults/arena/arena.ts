import { setTimeout as sleep } from 'node:timers/promises'
import type { AttemptOutcome } from '@shared/domain/objects'
import type { Strike, Struck } from '@shared/failpoints/failpoint'
import { type ApiClient, type Tried, createApiClient } from '../../client/apiClient.ts'
import { createSession, readAccepted, signIn } from '../../client/calls.ts'
import type { Member } from '../../cluster/member.ts'
import type { Script } from '../agent/script.ts'
import type { Recorder } from '../history/recorder.ts'
import { Conversation, type Transport } from './conversation.ts'
import { ENDS, type Endpoint, type EndpointSite, registerEndpoint } from './endpoint.ts'
import type { Armed, FailpointName } from './failpoints.ts'
import { patience } from './patience.ts'
import type { Received, ReceiverOptions } from './receiver.ts'
import { AGENT, type Site } from './site.ts'

/** Short answers for bystanders and for messages whose content does not matter. */
export const BRIEF: Script = { words: 6, everyMs: 20, steps: 1 }

/** What a strike has at hand: the cluster to strike, clients that record what they see, and its own random choices. */
export class Arena {
  readonly site: Site
  readonly leaseMs: number
  readonly recorder: Recorder
  readonly conversations: Conversation[] = []
  readonly #random: () => number
  readonly #api: ApiClient
  readonly #publishableKey: string
  readonly #talks: Promise<void>[] = []

  constructor(site: Site, recorder: Recorder, random: () => number, leaseMs: number) {
    this.site = site
    this.recorder = recorder
    this.leaseMs = leaseMs
    this.#random = random
    this.#publishableKey = site.cluster.publishableKey
    const { outage: outageMs, request: requestMs } = patience
    this.#api = createApiClient(site.apiUrl, { outageMs, requestMs, onTried: (tried) => this.#noteTried(tried) })
  }

  /** A new end user with a session, and readers of it; the first reads from realtime-1, the second from realtime-2 … */
  async conversation(
    transports: readonly Transport[] = ['sse', 'socket'],
    agent: { name: string } = AGENT,
  ): Promise<Conversation> {
    const token = await signIn(this.#api, this.#publishableKey)
    const sessionId = await createSession(this.#api, token, agent.name)
    this.recorder.note({ kind: 'session', sessionId })
    const name = `c${this.conversations.length + 1}`
    const { apiUrl, eventsUrls } = this.site
    const parts = { api: this.#api, apiUrl, recorder: this.recorder, name, token, sessionId, eventsUrls, transports }
    const conversation = new Conversation(parts)
    this.conversations.push(conversation)
    return conversation
  }

  /** Bystanders who talk while the fault strikes; the strike is over when they are through. */
  async crowd(count: number, turns: number, script: Script = BRIEF): Promise<Conversation[]> {
    const crowd = await Promise.all(Array.from({ length: count }, () => this.conversation()))
    for (const conversation of crowd) this.#talks.push(conversation.talk(turns, script))
    return crowd
  }

  get endpointSite(): EndpointSite {
    return { api: this.#api, apiUrl: this.site.apiUrl, secretKey: this.site.cluster.secretKey }
  }

  /** A webhook endpoint that gets the end of every run from now on; `decide` says what its receiver does. */
  async endpoint(name: string, decide: ReceiverOptions['decide']): Promise<Endpoint> {
    const heard = (received: Received) => this.recorder.note({ kind: 'delivered', endpoint: name, ...received })
    const endpoint = await registerEndpoint(this.endpointSite, name, { decide, heard })
    this.recorder.note({ kind: 'endpoint', endpoint: name, types: ENDS })
    return endpoint
  }

  /** Lets the next process that comes to a point be struck there. */
  arm(name: FailpointName, strike: Strike): Promise<Armed> {
    return this.site.failpoints.arm(name, strike)
  }

  /** Waits until the process that a failpoint killed is gone, and starts it again. */
  async revive({ pid }: Struck): Promise<Member> {
    const member = this.site.memberOf(pid)
    await member.restart()
    return member
  }

  /** Something else that must not take longer than promised (I8), beside the recovery that the row is about. */
  expectWithin(what: string, ms: number, withinMs: number): void {
    this.recorder.note({ kind: 'recovered', what, ms, withinMs })
  }

  /** The fault is no business of the runs: each must complete, and none of their attempts may end like this. */
  spare(...outcomes: AttemptOutcome[]): void {
    this.recorder.note({ kind: 'spared', outcomes })
  }

  /** Something that must stay as small as that, such as a process' memory. */
  expectAtMost(what: string, value: number, atMost: number): void {
    this.recorder.note({ kind: 'measured', what, value, atMost })
  }

  /** A whole number from `least` to `most`. */
  pick(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  one<const T>(choices: readonly [T, ...T[]]): T {
    return choices[this.pick(0, choices.length - 1)] ?? choices[0]
  }

  /** Anything up to `mostMs`: the fault may come at any moment. */
  async pause(mostMs: number): Promise<void> {
    await sleep(this.#random() * mostMs)
  }

  now(): number {
    return this.recorder.now()
  }

  /** Waits until all is said and has ended, and writes down what the log holds then. */
  async settle(): Promise<void> {
    await Promise.all(this.#talks)
    await Promise.all(this.conversations.map((conversation) => conversation.settle()))
    await Promise.all(this.conversations.map((conversation) => conversation.close()))
  }

  /** Ends all connections; what is wrong with them is nobody's concern any more. */
  async abandon(): Promise<void> {
    await Promise.all(this.conversations.map((conversation) => conversation.hangUp()))
  }

  #noteTried({ path, idempotencyKey: key, status, why, body, errorCode: code = 'none' }: Tried): void {
    if (key === null || !path.endsWith('/messages')) return
    this.recorder.note({ kind: 'tried', key, status, why: why.slice(0, 200) })
    if (status !== null && status < 300) {
      this.recorder.note({ kind: 'acknowledged', key, status, ...readAccepted(body) })
    } else if (status !== null && status < 500 && status !== 429) {
      // Another try under the key is still at work: it is asked again.
      if (code !== 'idempotency_in_progress') this.recorder.note({ kind: 'refused', key, status, code })
    }
  }
}
