import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { Cut } from '@shared/domain/cuts'
import { within } from '../bounded.ts'
import type { BrokerAddress, Call, Heard, Tasks } from './brokerProcess.ts'

/** Longer than anything takes when it works; a test that waits so long has failed. */
const PATIENCE_MS = 45_000

type Answer = { heard: Heard } | { number: number; result?: unknown; error?: string }

/** A broker in a process of its own. */
export class BrokerProcess {
  readonly heard: Heard[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #answers = new Map<number, (answer: { result?: unknown; error?: string }) => void>()
  readonly #conditions = new Set<() => void>()
  #calls = 0

  constructor() {
    const execArgv = ['--conditions=agentview-source', '--import', 'tsx']
    const env = { ...process.env, NODE_OPTIONS: '' }
    this.#child = fork(path.join(import.meta.dirname, 'brokerProcess.ts'), { execArgv, env, stdio: 'inherit' })
    this.#exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)))
    this.#child.on('message', (answer: Answer) => this.#receive(answer))
  }

  async call<Task extends keyof Tasks>(
    task: Task,
    ...values: Parameters<Tasks[Task]>
  ): Promise<Awaited<ReturnType<Tasks[Task]>>> {
    const call: Call = { number: ++this.#calls, task, values }
    const answered = new Promise<{ result?: unknown; error?: string }>((resolve) =>
      this.#answers.set(call.number, resolve),
    )
    this.#child.send(call)
    const { result, error } = await within(answered, PATIENCE_MS, `${task} was not done within ${PATIENCE_MS} ms`)
    if (error !== undefined) throw new Error(error)
    return result as Awaited<ReturnType<Tasks[Task]>>
  }

  /** Waits until what was heard fulfils the condition; looks whenever something is heard. */
  async until(what: string, condition: (process: BrokerProcess) => boolean): Promise<void> {
    let check = (): void => undefined
    const fulfilled = new Promise<void>((resolve) => {
      check = () => {
        if (condition(this)) resolve()
      }
    })
    this.#conditions.add(check)
    check()
    try {
      await within(fulfilled, PATIENCE_MS, `waited in vain: ${what}. Heard: ${JSON.stringify(this.heard.slice(-20))}`)
    } finally {
      this.#conditions.delete(check)
    }
  }

  /** Run ids of all bells, in the order in which the handler got them. */
  get rung(): string[] {
    return this.bells.flat()
  }

  /** One entry for each call of the handler. */
  get bells(): string[][] {
    return this.heard.flatMap((heard) => (heard.type === 'bell' ? [heard.runIds] : []))
  }

  get aborts(): string[] {
    return this.heard.flatMap((heard) => (heard.type === 'aborts' ? heard.runIds : []))
  }

  get cuts(): Cut[] {
    return this.heard.flatMap((heard) => (heard.type === 'cuts' ? heard.cuts : []))
  }

  get reconnects(): number {
    return this.heard.filter(({ type }) => type === 'reconnect').length
  }

  lastSeqs(sessionId: string): number[] {
    return this.newsOf(sessionId).map(({ lastSeq }) => lastSeq)
  }

  newsOf(sessionId: string) {
    return this.heard.flatMap((heard) =>
      heard.type === 'news' && heard.news.sessionId === sessionId ? [heard.news] : [],
    )
  }

  /** Lets go of the process and waits for it to end by itself. BullMQ may hold it a while: see connections.ts. */
  async ended(): Promise<number | null> {
    void this.call('leave').catch(() => undefined)
    return within(this.#exited, PATIENCE_MS, 'something keeps the process alive')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #receive(answer: Answer): void {
    if ('heard' in answer) {
      this.heard.push(answer.heard)
      for (const check of [...this.#conditions]) check()
      return
    }
    this.#answers.get(answer.number)?.(answer)
    this.#answers.delete(answer.number)
  }
}

/** Starts processes, which are killed after each test, or after all of them when they are to be kept. */
export function brokerProcesses({ keep }: { keep: boolean }): (address: BrokerAddress) => Promise<BrokerProcess> {
  const started: BrokerProcess[] = []
  ;(keep ? afterAll : afterEach)(async () => {
    await Promise.all(started.splice(0).map((process) => process.kill()))
  })
  return async (address) => {
    const process = new BrokerProcess()
    started.push(process)
    await process.call('open', address)
    return process
  }
}
