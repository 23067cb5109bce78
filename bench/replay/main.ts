import { type Cleanup, withCleanup } from '../cluster/cleanup.ts'
import { type WorkerKilling, killWorkersInTurn } from '../cluster/killWorkers.ts'
import { failWhenOneEnds } from '../cluster/running.ts'
import { createApiClient } from '../client/apiClient.ts'
import { type Conversation, readConversations } from './conversations.ts'
import { type Found, findTarget } from './findTarget.ts'
import { type ReplayOptions, parseOptions } from './options.ts'
import { playAll } from './playAll.ts'
import { showProgress } from './progress.ts'
import { type Summary, formatSummary, summarize } from './summary.ts'

// main
//   ├─ parseOptions, readConversations
//   ├─ findTarget      a server that runs, or one that is started for us
//   ├─ play            every conversation through the public API (killing workers meanwhile, if asked to)
//   ├─ summary         rates, latencies, what differed; logs, when it is not ok
//   └─ withCleanup     stops and removes what was started, however it ends

try {
  const summary = await withCleanup((cleanup) => replay(parseOptions(process.argv), cleanup))
  process.exitCode = summary.ok ? 0 : 1
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  // Conversations may still wait for a server that is gone.
  process.exit(1)
}

async function replay(options: ReplayOptions, cleanup: Cleanup): Promise<Summary> {
  const conversations = await readConversations(options.file, options.limit)
  const found = await findTarget(options, process.env, cleanup, say)
  const playing = new AbortController()
  try {
    const dead = failWhenOneEnds(found.running, playing.signal)
    const summary = await Promise.race([play(conversations, found, options, cleanup), dead])
    console.log(options.json ? JSON.stringify(summary, null, 2) : formatSummary(summary).join('\n'))
    if (!summary.ok) await showLogs(found)
    return summary
  } catch (error) {
    await showLogs(found)
    throw error
  } finally {
    playing.abort()
  }
}

async function play(
  conversations: Conversation[],
  found: Found,
  options: ReplayOptions,
  cleanup: Cleanup,
): Promise<Summary> {
  const { url, eventsUrl, publishableKey } = found.running
  const api = createApiClient(url)
  const turns = conversations.reduce((sum, conversation) => sum + conversation.turns.length, 0)
  say(`Playing ${conversations.length} conversations (${turns} turns) on ${found.description}, ${url}`)
  const killing = startKilling(options, found, cleanup)
  const progress = showProgress(turns, process.stderr)
  cleanup.defer(() => progress.stop())

  const startedAt = performance.now()
  const target = { api, eventsUrl, publishableKey }
  const results = await playAll(conversations, target, options.concurrency, () => progress.advance())
  const seconds = (performance.now() - startedAt) / 1000

  progress.stop()
  await killing?.stop()
  const unplayed = conversations.length - results.length
  return summarize(results, { seconds, unplayed, retries: api.retries, workersKilled: killing?.killed ?? 0 })
}

function startKilling(options: ReplayOptions, found: Found, cleanup: Cleanup): WorkerKilling | null {
  if (!found.cluster || options.killWorkerEvery === undefined) return null
  const killing = killWorkersInTurn(found.cluster, options.killWorkerEvery * 1000)
  cleanup.defer(() => killing.stop())
  return killing
}

async function showLogs({ running, folder }: Found): Promise<void> {
  if (!folder) return
  folder.keepLogs()
  for (const process of running.processes()) say(`\n--- ${process.name} ---\n${await process.tail(20)}`)
  say(`\nAll logs: ${folder.logs}\n`)
}

/** For people; the result alone goes to stdout. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
