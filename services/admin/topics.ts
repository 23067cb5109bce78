import type { Broker } from '@shared/broker/port'
import { tunables } from '@shared/domain/tunables'

/**
 * What members are told of live, over the broker's channels for sessions: a topic is a name like a session's, and its news has
 * no events. As there, news may be lost: whoever listens is also called whenever the broker was away, and now and then.
 */
export const topics = {
  discussionOf: (sessionId: string) => `${sessionId}.discussion`,
  discussionsOf: (organizationId: string) => `${organizationId}.discussions`,
}

/** Calls `look` when there may be something new; returns what ends that. */
export function listen(broker: Broker, topic: string, look: () => void): () => void {
  broker.watch(topic).catch(() => undefined)
  const removeNews = broker.onNews(({ sessionId }) => {
    if (sessionId === topic) look()
  })
  const removeReconnect = broker.onReconnect(look)
  const timer = setInterval(look, tunables.admin.look)
  timer.unref()
  return () => {
    clearInterval(timer)
    removeNews()
    removeReconnect()
    broker.unwatch(topic)
  }
}

/** Says that something has changed in a session's discussion; after the commit, never awaited. */
export function sayDiscussed(
  { broker, log }: { broker: Broker; log: { debug(details: object, line: string): void } },
  organizationId: string,
  sessionId: string,
  change: number,
): void {
  broker
    .publish([
      { sessionId: topics.discussionOf(sessionId), lastSeq: change },
      // Of an organization there is no number; whoever hears of it looks.
      { sessionId: topics.discussionsOf(organizationId), lastSeq: change },
    ])
    .catch((error: unknown) => log.debug({ err: error }, 'a change of a discussion could not be said'))
}
