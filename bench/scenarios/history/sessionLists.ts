import { idOf } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import { AGENT } from '../../agent/script.ts'
import { type Quantiles, quantilesOf } from '../../load/quantiles.ts'
import { KIND, RUNS_OF_SESSION, SESSIONS_OF_USER, benchId } from '../../seed/benchId.ts'
import type { MeasuredCluster } from '../measuredCluster.ts'

/** One way of asking for sessions. */
export interface MeasuredList {
  list: string
  /** Milliseconds of one page at the client. */
  page: Quantiles
  /** Rows of the pages. */
  rows: number
}

/** Pages that follow one another are asked for so far. */
const PAGES = 20

/** The list of sessions in the ways in which people ask for it, beside so many finished runs; pages of fifty. */
export async function measureLists(cluster: MeasuredCluster, runs: number, pages: number): Promise<MeasuredList[]> {
  const user = Math.floor(runs / RUNS_OF_SESSION / SESSIONS_OF_USER / 2)
  const lists: Record<string, string> = {
    'all, newest first': '',
    'all, oldest first': 'order=asc',
    "an end user's": `endUserId=${idOf('endUser', benchId(KIND.endUser, user))}`,
    "an agent's": `agent=${AGENT}`,
    'of the playground': 'space=playground',
    'whose last run failed': 'status=failed',
    'whose last run is under way': 'status=running',
    'with some metadata': 'metadata.channel=web',
  }
  const measured: MeasuredList[] = []
  for (const [list, query] of Object.entries(lists)) {
    measured.push({ list, ...(await measureList(cluster, query, pages)) })
  }
  return measured
}

async function measureList({ url, secretKey }: MeasuredCluster, query: string, pages: number) {
  const times: number[] = []
  let [rows, cursor] = [0, '']
  for (let page = 0; page < pages; page++) {
    const begun = performance.now()
    const answer = await fetch(`${url}/v1/sessions?limit=50&${query}${cursor}`, {
      headers: { authorization: `Bearer ${secretKey}` },
    })
    const body: unknown = await answer.json()
    times.push(performance.now() - begun)
    if (!answer.ok || !isObject(body) || !Array.isArray(body.data)) {
      throw new Error(`GET /v1/sessions?${query} was answered ${answer.status}: ${JSON.stringify(body).slice(0, 300)}`)
    }
    rows += body.data.length
    const next = typeof body.nextCursor === 'string' && page % PAGES !== PAGES - 1 ? body.nextCursor : ''
    cursor = next && `&cursor=${encodeURIComponent(next)}`
  }
  return { page: quantilesOf(times), rows }
}
