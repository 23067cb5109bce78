import type { History } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** I6: every event that an endpoint asked for came, was taken with 2xx, and came under one id however often. */
export function checkDelivered(history: History): Violation[] {
  const events = [...history.finals.values()].flatMap((final) => final.events)
  return history.of('endpoint').flatMap(({ endpoint, types }) => {
    const got = history.of('delivered').filter((delivery) => delivery.endpoint === endpoint)
    return events
      .filter(({ type, runId }) => runId !== undefined && types.includes(type))
      .flatMap(({ type, runId }): Violation[] => {
        const tries = got.filter((delivery) => delivery.type === type && delivery.runId === runId)
        const what = `${type} of ${runId} at ${endpoint}`
        if (!tries.some(({ answered }) => answered >= 200 && answered < 300))
          return [{ invariant: 'I6', what: `${what} was tried ${tries.length} times and never delivered` }]
        const ids = new Set(tries.map(({ deliveryId }) => deliveryId))
        return ids.size > 1 ? [{ invariant: 'I6', what: `${what} came under ${ids.size} ids` }] : []
      })
  })
}
