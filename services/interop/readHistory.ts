import type { Item, Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import { listItems, listRuns } from '@shared/store/sessions'

/** Runs of a history at most, the newest ones. */
const RUNS = 200
const ITEM_PAGES = 10

export interface History {
  /** Oldest first. */
  runs: Run[]
  /** By the id of their run, in order. */
  items: Map<string, Item[]>
}

/** The newest runs of a session with their settled items. */
export async function readHistory(db: Database, sessionId: string): Promise<History> {
  const runs = (await listRuns(db, sessionId, null, { limit: RUNS, order: 'desc' })).toReversed()
  return { runs, items: await itemsSince(db, sessionId, runs[0]) }
}

/** The newest items, from the first of these runs on, by run. */
async function itemsSince(db: Database, sessionId: string, first: Run | undefined): Promise<Map<string, Item[]>> {
  const byRun = new Map<string, Item[]>()
  let place: Item | null = null
  for (let page = 0; first && page < ITEM_PAGES; page++) {
    const items: Item[] = await listItems(db, sessionId, place, { limit: tunables.listMax, order: 'desc' })
    for (const item of items) byRun.set(item.runId, [item, ...(byRun.get(item.runId) ?? [])])
    place = items.at(-1) ?? null
    if (items.length < tunables.listMax || !place || place.runNo < first.runNo) break
  }
  return byRun
}
