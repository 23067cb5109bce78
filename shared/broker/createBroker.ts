// SCRATCH by the lead: in-memory stand-in so that the rest can be tried; the broker's engineer overwrites this file.
import type { Broker, SessionNews } from './port.ts'
export async function createBroker(_options: { redisUrl?: string; databaseUrl: string; onError: (error: Error, where: string) => void }): Promise<Broker> {
  let handler: ((runIds: string[]) => Promise<void>) | null = null
  const news = new Set<(news: SessionNews) => void>()
  const aborts = new Set<(runIds: string[]) => void>()
  return {
    kind: 'postgres',
    async ring(runIds) { await handler?.([...runIds]) },
    async answerBells(next) { handler = next; return { pause() {}, resume() {}, async close() { handler = null } } },
    async publish(all) { for (const one of all) for (const listener of news) listener(one) },
    async watch() {}, unwatch() {},
    onNews(listener) { news.add(listener); return () => void news.delete(listener) },
    async publishAborts(runIds) { for (const listener of aborts) listener([...runIds]) },
    onAborts(listener) { aborts.add(listener); return () => void aborts.delete(listener) },
    onReconnect() { return () => undefined },
    fault: () => null, depth: async () => 0, close: async () => undefined,
  }
}
