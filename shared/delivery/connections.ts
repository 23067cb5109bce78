import type { Broker } from '@shared/broker/port'
import type { Cut } from '@shared/domain/cuts'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import { readLostPrincipals } from '@shared/store/principals'

/**
 * The long connections of this process (streams, sockets), by whose right they were begun: each is cut when that
 * principal is revoked or erased. Told by the broker at once; since what is said may be lost, all principals that are
 * connected here are looked up every `tunables.principalSweep`, and whenever the broker was away.
 */
export interface Connections {
  /** Calls `cut` at most once, when one of the principals has lost its right. Returns what takes this back. */
  add(principals: readonly string[], cut: (reason: Cut['reason']) => void): () => void
  close(): void
}

export interface ConnectionOptions {
  db: Database
  broker: Pick<Broker, 'onCuts' | 'onReconnect'>
  log: { warn(details: object, line: string): void }
}

type CutConnection = (reason: Cut['reason']) => void

export function createConnections({ db, broker, log }: ConnectionOptions): Connections {
  const connected = new Map<string, Set<CutConnection>>()
  const removeCuts = broker.onCuts((cuts) => cuts.forEach(cutAll))
  const removeReconnect = broker.onReconnect(() => void sweep())
  const sweeper = setInterval(() => void sweep(), tunables.principalSweep)
  sweeper.unref()

  function cutAll({ subject, reason }: Cut): void {
    for (const cut of [...(connected.get(subject) ?? [])]) cut(reason)
  }

  async function sweep(): Promise<void> {
    if (connected.size === 0) return
    try {
      for (const lost of await readLostPrincipals(db, [...connected.keys()])) cutAll(lost)
    } catch (error) {
      log.warn({ err: error }, 'those who read could not be looked up')
    }
  }

  return {
    add(principals, cut) {
      let over = false
      const leave = (): void => {
        over = true
        for (const principal of principals) {
          const cuts = connected.get(principal)
          if (cuts?.delete(cutOnce) && cuts.size === 0) connected.delete(principal)
        }
      }
      const cutOnce: CutConnection = (reason) => {
        if (over) return
        leave()
        cut(reason)
      }
      for (const principal of principals) {
        const cuts = connected.get(principal) ?? new Set()
        connected.set(principal, cuts.add(cutOnce))
      }
      return leave
    },
    close() {
      clearInterval(sweeper)
      removeCuts()
      removeReconnect()
    },
  }
}
