import { type StartedProcess, waitUntil } from './startProcess.ts'

/** Settings of one start, on top of the member's own. */
export type Environment = Readonly<Record<string, string>>

/** How a member of a cluster is started: always on the same port and data. */
export interface MemberPlan {
  name: string
  url: string
  launch: (environment: Environment) => Promise<StartedProcess>
  isReady: () => Promise<boolean>
}

const READY_MS = 60_000

/** One process of a cluster that can be killed, frozen and started again under its name. */
export class Member {
  readonly name: string
  readonly url: string
  readonly #plan: MemberPlan
  #process: StartedProcess | null = null
  #frozen = false
  #expected = false

  constructor(plan: MemberPlan) {
    this.#plan = plan
    this.name = plan.name
    this.url = plan.url
  }

  /** The newest process of this name, which may have ended. */
  get process(): StartedProcess {
    if (!this.#process) throw new Error(`${this.name} was never started`)
    return this.#process
  }

  get pid(): number {
    return this.process.pid
  }

  get running(): boolean {
    return this.#process !== null && this.#process.end === null
  }

  /** It runs, or it ended without anybody having asked for it. */
  get shouldRun(): boolean {
    return this.#expected
  }

  /** Starts it and waits until it is ready. */
  async start(environment: Environment = {}): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`)
    this.#process = await this.#plan.launch(environment)
    this.#expected = true
    this.#frozen = false
    await waitUntil(this.#process, this.#plan.isReady, READY_MS)
  }

  /** SIGKILL; resolves when it is gone. One that has ended already is fine. */
  async kill(): Promise<void> {
    this.#expected = false
    if (this.running) this.process.signal('SIGKILL')
    await this.#process?.ended
    this.#frozen = false
  }

  /** SIGKILL, and a new one in its place, ready. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  /** Asks it to end (SIGTERM); resolves with how it did. */
  async terminate(): Promise<string> {
    this.#expected = false
    this.process.signal('SIGTERM')
    return this.process.ended
  }

  /** SIGSTOP: it keeps its connections and says nothing. */
  freeze(): void {
    this.#frozen = true
    this.process.signal('SIGSTOP')
  }

  /** SIGCONT. One that was stopped by itself is woken as well. */
  thaw(): void {
    this.#frozen = false
    if (this.running) this.process.signal('SIGCONT')
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** Ends it for good: in order, and after `graceMs` by SIGKILL. */
  async stop(graceMs?: number): Promise<void> {
    this.#expected = false
    this.thaw()
    await this.#process?.stop(graceMs)
  }
}
