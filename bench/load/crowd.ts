import { preciseNow } from '../agent/script.ts'
import { LeanSocket } from './leanSocket.ts'

export interface CrowdPlan {
  /** The nodes, over which the sockets are spread. */
  eventsUrls: readonly string[]
  /** Of one end user; the sockets share them. */
  tokens: readonly string[]
  /** One socket for each, which reads it. */
  sessionIds: readonly string[]
}

/** When sockets heard something, on the clock of the machine. */
export interface Heard {
  /** For each socket that has heard it. */
  at: number[]
}

/** As many handshakes at once as a burst of people makes; more only wait in the node's queue. */
const AT_ONCE = 32

/** Very many sockets that read a session each, and say nothing. */
export class Crowd {
  readonly #plan: CrowdPlan
  readonly #sockets: LeanSocket[] = []
  readonly #ended: string[] = []
  /** What is listened for, and when it was heard. */
  #mark: Buffer | null = null
  #heard: number[] = []

  constructor(plan: CrowdPlan) {
    this.#plan = plan
  }

  /** Why sockets have ended that nobody closed. */
  get ended(): readonly string[] {
    return this.#ended
  }

  async connect(): Promise<void> {
    const { eventsUrls, tokens, sessionIds } = this.#plan
    await inParallel(sessionIds.keys(), async (index) => {
      const url = eventsUrls[index % eventsUrls.length]!
      this.#sockets[index] = await LeanSocket.connect(url, tokens[index % tokens.length]!, {
        event: (json) => this.#take(json),
        end: (why) => void this.#ended.push(why),
      })
    })
  }

  /** Each socket reads the session that is its own. */
  async subscribe(): Promise<void> {
    const { sessionIds } = this.#plan
    await inParallel(sessionIds.keys(), (index) => this.#sockets[index]!.subscribe(sessionIds[index]!, 0))
  }

  /** All read this one as well, from its end on. */
  async join(sessionId: string, after: number): Promise<void> {
    await inParallel(this.#sockets.keys(), (index) => this.#sockets[index]!.subscribe(sessionId, after))
  }

  /** From now on it is noted when an event comes that has this text in it. */
  listen(mark: string): void {
    this.#mark = Buffer.from(mark)
    this.#heard = []
  }

  heard(): Heard {
    return { at: this.#heard }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }

  #take(json: Buffer): void {
    if (this.#mark && json.includes(this.#mark)) this.#heard.push(preciseNow())
  }
}

async function inParallel(indexes: Iterator<number> & Iterable<number>, work: (index: number) => Promise<unknown>) {
  const next = async () => {
    for (const index of indexes) await work(index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
}
