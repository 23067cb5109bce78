import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cluster/cleanup.ts'
import { repository } from '../cluster/repository.ts'
import type { Answered, Questions } from './questions.ts'

/** A process of the bench's own: a load, or what is measured without AgentView. */
export interface Driven<Asked extends Questions> {
  readonly pid: number
  ask<Name extends keyof Asked & string>(
    name: Name,
    ...question: Parameters<Asked[Name]>
  ): Promise<Awaited<ReturnType<Asked[Name]>>>
}

/** It has nothing to clean up; a profile may have to be written. */
const GONE_MS = 5_000

/** Starts a program of bench/dist that answers questions (answerQuestions.ts); it ends with `cleanup`. */
export async function startDriven<Asked extends Questions>(
  program: string,
  cleanup: Cleanup,
  nodeArguments: readonly string[] = [],
): Promise<Driven<Asked>> {
  const child = fork(path.join(repository, 'bench', 'dist', program), { execArgv: [...nodeArguments] })
  cleanup.defer(() => end(child))
  await once(child, 'spawn')
  const asking = new Asking(child, program)
  return {
    pid: child.pid!,
    // The process answers what its type says.
    ask: (name, question?: unknown) => asking.ask(name, question) as never,
  }
}

/** By losing its parent, which is how it ends when we are killed as well. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  if (child.connected) child.disconnect()
  if ((await Promise.race([gone, sleep(GONE_MS, null, { ref: false })])) !== null) return
  child.kill('SIGKILL')
  await gone
}

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
}

class Asking {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #program: string
  #next = 0
  #ended = false

  constructor(child: ChildProcess, program: string) {
    this.#child = child
    this.#program = program
    child.on('message', (answered: Answered) => this.#take(answered))
    child.on('exit', (code, signal) => {
      this.#ended = true
      this.#failAll(new Error(`${program} ended (${signal ?? `code ${code}`})`))
    })
  }

  ask(name: string, question: unknown): Promise<unknown> {
    if (this.#ended) return Promise.reject(new Error(`${this.#program} has ended`))
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, name, question })
    })
  }

  #take({ id, answer, error }: Answered): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(answer)
    else waiting?.reject(new Error(`${this.#program}: ${error}`))
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}
