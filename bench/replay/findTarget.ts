import type { Cleanup } from '../cluster/cleanup.ts'
import { readCredentials } from '../cluster/credentials.ts'
import { isReady } from '../cluster/ports.ts'
import type { Running } from '../cluster/running.ts'
import type { Cluster } from '../cluster/startCluster.ts'
import { startEmbedded, startEmbeddedWith } from '../cluster/startEmbedded.ts'
import { type WorkFolder, makeWorkFolder } from '../cluster/workFolder.ts'
import type { ReplayOptions } from './options.ts'
import { replayAgent } from './replayAgent.ts'
import { startReplayCluster } from './startReplayCluster.ts'

/** The AgentView to replay against. */
export interface Found {
  running: Running
  /** Set when it was started for this replay. */
  folder?: WorkFolder
  cluster?: Cluster
  /** For a person. */
  description: string
}

/** The server that the options name, else one that runs here by its credentials file, else one that is started. */
export async function findTarget(
  options: ReplayOptions,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
  say: (line: string) => void,
): Promise<Found> {
  const { url, key, eventsUrl } = options
  if (url !== undefined && key !== undefined) return outside(url, eventsUrl ?? url, key)
  if (options.start === undefined && options.agent === 'node') {
    const credentials = await readCredentials(environment.AGENTVIEW_DATA ?? '.agentview')
    if (credentials && (await isReady(credentials.url))) {
      return outside(credentials.url, credentials.url, credentials.publishableKey)
    }
  }
  return start(options, environment, cleanup, say)
}

function outside(url: string, eventsUrl: string, publishableKey: string): Found {
  return { running: { url, eventsUrl, publishableKey, processes: () => [] }, description: url }
}

async function start(
  options: ReplayOptions,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
  say: (line: string) => void,
): Promise<Found> {
  const folder = await makeWorkFolder(cleanup)
  if (options.start === 'cluster') {
    say(`Starting a cluster with ${options.workers} workers …`)
    const cluster = await startReplayCluster(options.workers, replayAgent(options.agent), folder, environment, cleanup)
    return { running: cluster, cluster, folder, description: `a cluster with ${options.workers} workers` }
  }
  say('Starting AgentView with temporary data …')
  const running =
    options.agent === 'node'
      ? await startEmbedded(folder, environment, cleanup)
      : await startEmbeddedWith(replayAgent(options.agent), folder, environment, cleanup)
  return { running, folder, description: 'an embedded server' }
}
