import { existsSync } from 'node:fs'
import path from 'node:path'
import { createApiClient } from '../../client/apiClient.ts'
import { repository } from '../../cluster/repository.ts'
import { failWhenOneEnds } from '../../cluster/running.ts'
import { makeWorkFolder } from '../../cluster/workFolder.ts'
import { SAMPLE, readConversations } from '../../replay/conversations.ts'
import { playAll } from '../../replay/playAll.ts'
import { replayAgent } from '../../replay/replayAgent.ts'
import { startReplayCluster } from '../../replay/startReplayCluster.ts'
import { type Summary, summarize } from '../../replay/summary.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Scenario, type ScenarioContext, atMost } from '../scenario.ts'

/** Recorded conversations through the public API, each answer compared with its recording. */
export const replay: Scenario = {
  measures: 'turns a second of recorded conversations, every one compared with its recording',
  run: measureReplay,
}

/** Where the recorded conversations lie beside the repository; its own sample is played without them. */
const RECORDED = path.join(repository, '..', 'shared', 'data', 'conversations.jsonl')
const WORKERS = 1
/** Conversations at once: beyond the last, a machine with two cores only queues. */
const AT_ONCE = { full: [16, 64, 256], check: [64] }
/** Conversations that are played: all of them, or what takes a minute. */
const CONVERSATIONS = { full: Number.POSITIVE_INFINITY, check: 300 }

interface Pass {
  atOnce: number
  summary: Summary
}

async function measureReplay(context: ScenarioContext): Promise<Report> {
  const { cleanup, environment, effort, asked } = context
  const file = existsSync(RECORDED) ? RECORDED : SAMPLE
  const conversations = await readConversations(file, CONVERSATIONS[effort])
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = environment
  const cluster = await startReplayCluster(WORKERS, replayAgent('node'), await makeWorkFolder(cleanup), rest, cleanup)
  const playing = new AbortController()
  cleanup.defer(() => playing.abort())
  const dead = failWhenOneEnds(cluster, playing.signal)
  // Aborted at the end: nobody waits for it then.
  dead.catch(() => undefined)
  const passes: Pass[] = []
  for (const atOnce of asked.sessions ?? AT_ONCE[effort]) {
    context.say(`${conversations.length} conversations, ${atOnce} at once`)
    const api = createApiClient(cluster.url)
    const target = { api, eventsUrl: cluster.eventsUrl, publishableKey: cluster.publishableKey }
    const begun = performance.now()
    const forMs = asked.seconds === undefined ? undefined : asked.seconds * 1_000
    const results = await Promise.race([playAll(conversations, target, atOnce, () => undefined, forMs), dead])
    const seconds = (performance.now() - begun) / 1_000
    // Those for which the time did not suffice were not to be played.
    const unplayed = forMs === undefined ? conversations.length - results.length : 0
    passes.push({ atOnce, summary: summarize(results, { seconds, unplayed, retries: api.retries, workersKilled: 0 }) })
  }
  return reportOf(passes, path.basename(file))
}

function reportOf(passes: readonly Pass[], file: string): Report {
  const wrong = passes.reduce((sum, { summary }) => sum + summary.mismatches.count + summary.failures.count, 0)
  return {
    tables: [
      {
        title: `Recorded conversations (${file}), read over SSE`,
        columns: ['at once', 'turns', 'turns/s', 'p50 ms', 'p99 ms', 'mismatches', 'failures'],
        rows: passes.map(({ atOnce, summary: { turns, turnsPerSecond, latencyMs, mismatches, failures } }) => [
          ...[atOnce, turns].map(String),
          ...[turnsPerSecond, latencyMs.end.p50 ?? 0, latencyMs.end.p99 ?? 0].map(shownNumber),
          ...[mismatches.count, failures.count].map(String),
        ]),
      },
    ],
    notes: ['the player compares and folds every event in the bench’s own process: it bounds the rate as well'],
    figures: { passes },
    targets: [atMost('replay.mismatches', wrong, 0)],
  }
}
