import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { tunables } from '@shared/domain/tunables'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'
import type { Database } from '@shared/store/pool'
import { type SettledDelivery, settleDeliveries } from '@shared/store/sendDeliveries'

/** Writes down how attempts went: one statement at a time for all that came meanwhile, so that runs keep their connections. */
export interface Settlements {
  add(settled: SettledDelivery): void
  /** Resolves once all is written down, or given up. */
  done(): Promise<void>
}

const BATCH = 200
const PAUSE_MS = 200

export function createSettlements(db: Database, log: Logger): Settlements {
  /** What is to be written, and until when that is worth it: after its lease a delivery is sent again anyway. */
  let waiting: { settled: SettledDelivery; until: number }[] = []
  let writing: Promise<void> | null = null

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH)
      try {
        await settleDeliveries(
          db,
          batch.map(({ settled }) => settled),
        )
      } catch (error) {
        const again = isConnectionTrouble(error)
        log[again ? 'warn' : 'error']({ err: error }, 'deliveries could not be written down')
        const now = performance.now()
        if (again) waiting = [...batch.filter(({ until }) => until > now), ...waiting]
        await sleep(PAUSE_MS)
      }
    }
    writing = null
  }

  return {
    add(settled) {
      waiting.push({ settled, until: performance.now() + tunables.webhooks.lease })
      writing ??= write()
    },
    done: () => writing ?? Promise.resolve(),
  }
}
