import { randomBytes } from 'node:crypto'
import { assembleBroker } from '../assembleBroker.ts'
import { Audience } from '../audience.ts'
import { createReporter, type OnError, parseAddress } from '../faults.ts'
import type { Broker } from '../port.ts'
import { type PostgresBells, startPostgresBells } from './bells.ts'
import { migrateQueue } from './migrateQueue.ts'
import { startPostgresNews } from './news.ts'

export interface PostgresBrokerOptions {
  url: string
  /** Where BullMQ's tables are, and how the channels' names begin: small letters, digits and _. */
  schema?: string
  /** Told of errors that nobody waits for; repeated ones only now and then. */
  onError: OnError
}

/**
 * Queue and pub/sub on Postgres, for a process that needs no Redis. It has two connections, one that answers bells two
 * more; the one that listens must reach Postgres itself, not a pooler. Throws one line that says what to do when Postgres
 * doesn't answer.
 */
export async function createPostgresBroker(options: PostgresBrokerOptions): Promise<Broker> {
  const { schema = 'agentview_queue', onError } = options
  const url = parseAddress(options.url, ['postgres:', 'postgresql:'], 'DATABASE_URL')
  const report = createReporter(onError)
  const id = randomBytes(6).toString('base64url')
  const audience = new Audience((error) => report(error, 'a listener'))
  let bells: PostgresBells | undefined
  // A connection that was found dead is a reason to doubt the others, which nobody asks whether they live.
  const onLost = () => bells?.sever()
  const news = await startPostgresNews({ url, audience, prefix: schema, id, onLost, report })
  try {
    await migrateQueue(url, schema)
    bells = await startPostgresBells({ url, schema, id, report })
    return assembleBroker('postgres', { audience, news, bells })
  } catch (error) {
    await news.close()
    throw error
  }
}
