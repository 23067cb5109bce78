import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '../../cluster/member.ts'

const ASK_EVERY_MS = 250
const ERROR_LEVEL = 50

/**
 * Watches the processes while they are fuzzed: each has to live, to answer `GET /health/live` within the budget (its event
 * loop is not blocked), and to have nothing to log as an error.
 */
export class ProcessWatch {
  readonly #members: readonly Member[]
  readonly #budgetMs: number
  readonly #read = new Map<string, number>()
  readonly #late: string[] = []
  #slowest = 0
  #over = false

  constructor(members: readonly Member[], budgetMs: number) {
    this.#members = members
    this.#budgetMs = budgetMs
    for (const member of members) void this.#askAgainAndAgain(member)
  }

  /** The longest that an event loop was seen busy, in ms. */
  get slowest(): number {
    return Math.round(this.#slowest)
  }

  end(): void {
    this.#over = true
  }

  /** What is new since the last time. */
  async faults(): Promise<string[]> {
    const ended = this.#members.flatMap(({ name, process }) =>
      process.end === null ? [] : [`${name} ended (${process.end})`],
    )
    const logged = await Promise.all(this.#members.map((member) => this.#errorsOf(member)))
    return [...ended, ...this.#late.splice(0), ...logged.flat()]
  }

  async #askAgainAndAgain({ name, url }: Member): Promise<void> {
    while (!this.#over) {
      const asked = performance.now()
      const alive = await isAlive(url, this.#budgetMs)
      this.#slowest = Math.max(this.#slowest, performance.now() - asked)
      if (!alive && !this.#over) this.#late.push(`${name} did not say within ${this.#budgetMs} ms that it lives`)
      await sleep(ASK_EVERY_MS)
    }
  }

  async #errorsOf({ process }: Member): Promise<string[]> {
    const from = this.#read.get(process.logFile) ?? 0
    const file = await open(process.logFile)
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(size - from)
      await file.read(bytes, 0, bytes.length, from)
      this.#read.set(process.logFile, size)
      return bytes
        .toString('utf8')
        .split('\n')
        .filter(isComplaint)
        .map((line) => `${process.name} logged ${line.slice(0, 1_500)}`)
    } finally {
      await file.close()
    }
  }
}

/** Nothing but a pino line below `error` is what a process may say. */
function isComplaint(line: string): boolean {
  if (line === '') return false
  try {
    const { level } = JSON.parse(line) as { level?: number }
    return level === undefined || level >= ERROR_LEVEL
  } catch {
    return true
  }
}

async function isAlive(url: string, budgetMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(budgetMs) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
