import type { Item } from '@agentview/contracts'
import type { SessionFeed } from './sessionFeed.ts'
import type { Sessions } from './sessions.ts'

/** Pages back through a session that was loaded with its newest items only. */
export class OlderItems {
  readonly #sessions: Sessions
  readonly #feed: SessionFeed
  #cursor: string | null = null
  #loading: Promise<void> | null = null

  constructor(sessions: Sessions, feed: SessionFeed) {
    this.#sessions = sessions
    this.#feed = feed
  }

  get loading(): boolean {
    return this.#loading !== null
  }

  /** One more page before the first item; who asks while one is on its way gets that one. Throws ClientError. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  /** Lists begin at the newest item, so the first pages may hold nothing that isn't here already. */
  async #load(): Promise<void> {
    while (this.#feed.mayHaveOlder) {
      const { data, nextCursor } = await this.#sessions.items(this.#feed.sessionId, this.#cursor)
      this.#cursor = nextCursor
      const first = this.#feed.view.items[0]
      const older = data.filter((item) => isBefore(item, first)).toReversed()
      if (older.length > 0 || nextCursor === null) return this.#feed.addOlder(older, nextCursor !== null)
    }
  }
}

function isBefore(item: Item, first: Item | undefined): boolean {
  if (!first) return true
  return item.runNo < first.runNo || (item.runNo === first.runNo && item.itemNo < first.itemNo)
}
