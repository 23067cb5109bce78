import { setImmediate as nextTurn } from 'node:timers/promises'
import { tunables } from '@shared/domain/tunables'

/**
 * For long work in small steps: awaited between steps, it lets timers and other sockets have their turn whenever
 * `tunables.agentSlice` has passed since the last time. Frames that came together would else be worked off in one go.
 */
export function giveWay(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < tunables.agentSlice) return undefined
    return nextTurn().then(() => void (since = performance.now()))
  }
}
