import type { ServerResponse } from 'node:http'
import type { Broker } from '@shared/broker/port'
import { tunables } from '@shared/domain/tunables'
import { listen } from './topics.ts'

/** A frame of server-sent events without an id: the browser's place in the log of events stays what it was. */
export interface Frame {
  event: string
  data: unknown
}

/**
 * Writes frames into a stream that is open, as long as it is: those that `read` finds at once, and those whenever a topic has
 * news. Looks come one after another; news that comes meanwhile makes one more.
 */
export function follow(
  response: ServerResponse,
  { broker, log }: { broker: Broker; log: { warn(details: object, line: string): void } },
  topic: string,
  read: () => Promise<Frame[]>,
): void {
  let looking = false
  let again = false

  async function look(): Promise<void> {
    again = true
    if (looking) return
    looking = true
    while (again && isOpen(response)) {
      again = false
      try {
        const frames = await read()
        if (isOpen(response) && frames.length > 0) response.write(frames.map(textOf).join(''))
        // Who doesn't read is let go: he comes back to what he has missed.
        if (response.writableLength > tunables.readerBytes) response.destroy()
      } catch (error) {
        log.warn({ err: error }, 'what members are told of could not be read')
      }
    }
    looking = false
  }

  const stop = listen(broker, topic, () => void look())
  response.once('close', stop)
  if (response.destroyed) stop()
  else void look()
}

function isOpen(response: ServerResponse): boolean {
  return !response.destroyed && !response.writableEnded
}

function textOf({ event, data }: Frame): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
