import type { Audience } from './audience.ts'
import type { BellHandler } from './bellLane.ts'
import type { BellAnswering, Broker } from './port.ts'

/** The queue half of a broker. */
export interface Bells extends Pick<Broker, 'ring' | 'depth' | 'close'> {
  answer(handler: BellHandler): Promise<BellAnswering>
}

/** The pub/sub half of a broker. */
export type News = Pick<Broker, 'publish' | 'publishAborts' | 'publishCuts' | 'watch' | 'unwatch' | 'fault' | 'close'>

export interface BrokerParts {
  audience: Audience
  news: News
  bells: Bells
  /** Closes what the halves share. */
  release?: () => Promise<void>
}

const CLOSED = 'the broker is closed'

/** The port over its two halves, which live and end together. */
export function assembleBroker(kind: Broker['kind'], { audience, news, bells, release }: BrokerParts): Broker {
  const answerings = new Set<BellAnswering>()
  let closing: Promise<void> | null = null

  async function close(): Promise<void> {
    await Promise.all([...answerings, bells, news].map((part) => part.close()))
    await release?.()
  }

  return {
    kind,
    ring: (runIds) => (closing ? Promise.reject(new Error(CLOSED)) : bells.ring(runIds)),
    async answerBells(handler) {
      const answering = await bells.answer(handler)
      answerings.add(answering)
      if (!closing) return answering
      await answering.close()
      throw new Error(CLOSED)
    },
    publish: (said) => news.publish(said),
    watch: (sessionId) => news.watch(sessionId),
    unwatch: (sessionId) => news.unwatch(sessionId),
    onNews: (listener) => audience.onNews(listener),
    publishAborts: (runIds) => news.publishAborts(runIds),
    onAborts: (listener) => audience.onAborts(listener),
    publishCuts: (cuts) => news.publishCuts(cuts),
    onCuts: (listener) => audience.onCuts(listener),
    onReconnect: (listener) => audience.onReconnect(listener),
    fault: () => (closing ? CLOSED : news.fault()),
    depth: () => bells.depth(),
    close: () => (closing ??= close()),
  }
}
