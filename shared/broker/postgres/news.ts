import { tunables } from '@shared/domain/tunables'
import type { News } from '../assembleBroker.ts'
import type { Audience } from '../audience.ts'
import { createBatches } from '../batches.ts'
import { settledWithin } from '../bounded.ts'
import { NotifyConnection } from './notifyConnection.ts'
import { packCut, packPayloads, packSeq, unpackCut, unpackPayload, unpackSeq } from './notifyPayload.ts'

export interface PostgresNewsOptions {
  url: URL
  audience: Audience
  /** Begins the names of the channels. */
  prefix: string
  /** This broker's mark on what it sends: Postgres returns it to its sender too. */
  id: string
  onLost(): void
  report(error: unknown, where: string): void
}

interface Said {
  lastSeqs: Map<string, number>
  aborts: Set<string>
  /** As packCut writes them. */
  cuts: Set<string>
}

/**
 *   publish ─▶ listeners of this process, at once and with the events
 *           └▶ a batch: the highest seq of each session ─▶ one NOTIFY at a time ─▶ other processes, without events
 */
export async function startPostgresNews(options: PostgresNewsOptions): Promise<News> {
  const { url, audience, prefix, id, onLost, report } = options
  const newsChannel = `${prefix}_news`
  const abortsChannel = `${prefix}_aborts`
  const cutsChannel = `${prefix}_cuts`

  const connection = new NotifyConnection({
    url,
    channels: [newsChannel, abortsChannel, cutsChannel],
    onNotification(channel, payload) {
      const { from, words } = unpackPayload(payload)
      if (from === id) return
      if (channel === abortsChannel) return audience.tellAborts(words)
      if (channel === cutsChannel) return audience.tellCuts(words.flatMap((word) => unpackCut(word) ?? []))
      for (const word of words) {
        const news = unpackSeq(word)
        if (news) audience.tellNews(news)
      }
    },
    onLost,
    onReconnect: () => audience.tellReconnect(),
    report,
  })
  await connection.start()

  const batches = createBatches<Said>({
    open: () => ({ lastSeqs: new Map(), aborts: new Set(), cuts: new Set() }),
    send({ lastSeqs, aborts, cuts }) {
      const seqs = [...lastSeqs].map(([sessionId, lastSeq]) => packSeq(sessionId, lastSeq))
      return connection.notify([
        ...packPayloads(id, cuts).map((payload) => ({ channel: cutsChannel, payload })),
        ...packPayloads(id, aborts).map((payload) => ({ channel: abortsChannel, payload })),
        ...packPayloads(id, seqs).map((payload) => ({ channel: newsChannel, payload })),
      ])
    },
    late: 'Postgres did not take the news in time',
  })

  return {
    async publish(news) {
      audience.tellOwn(news)
      if (news.length === 0) return
      await batches.join(({ lastSeqs }) => {
        for (const { sessionId, lastSeq } of news) {
          lastSeqs.set(sessionId, Math.max(lastSeq, lastSeqs.get(sessionId) ?? 0))
        }
      })
    },
    async publishAborts(runIds) {
      if (runIds.length === 0) return
      audience.tellAborts(runIds)
      await batches.join(({ aborts }) => {
        for (const runId of runIds) aborts.add(runId)
      })
    },
    async publishCuts(said) {
      if (said.length === 0) return
      audience.tellCuts(said)
      await batches.join(({ cuts }) => {
        for (const cut of said) cuts.add(packCut(cut))
      })
    },
    // Every process hears of every session; the watch only says which ones matter here.
    async watch(sessionId) {
      audience.watch(sessionId)
    },
    unwatch: (sessionId) => void audience.unwatch(sessionId),
    fault: () => (connection.isConnected ? null : 'Postgres is not connected'),
    async close() {
      await settledWithin(batches.drained(), tunables.broker.closeConnections)
      await connection.close()
    },
  }
}
