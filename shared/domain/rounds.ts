export interface RoundsOptions<One> {
  /** Takes the next round out of what waits, in order: at least one. */
  take(waiting: One[]): One[]
  /** Sends a round. Must not reject: what fails is said to those whom it concerns. */
  send(round: One[]): Promise<void>
  /** While fewer than so many are under way, the next round doesn't wait for them. */
  few: number
  /** Rounds under way at once. */
  most: number
  /** A round that takes longer (ms) is waited for no more: its connection may be dead. */
  patience: number
}

/**
 * Puts together what comes at the same time: what one turn of the event loop brings, and all that comes while a full
 * round is under way. While little is under way nothing waits for it, so that a quiet process is quick and a busy one saves
 * work; no timer decides, since a fixed window costs the quiet one its time and the busy one its pace.
 */
export function createRounds<One>(options: RoundsOptions<One>): { add(one: One): void } {
  const { take, send, few, most, patience } = options
  const waiting: One[] = []
  let rounds = 0
  let underWay = 0
  let woken = false

  function wake(): void {
    if (woken || waiting.length === 0 || (rounds > 0 && (rounds >= most || underWay >= few))) return
    woken = true
    setImmediate(() => {
      woken = false
      void go(take(waiting))
      wake()
    })
  }

  async function go(round: One[]): Promise<void> {
    rounds++
    underWay += round.length
    let counts = true
    const over = (): void => {
      if (!counts) return
      counts = false
      rounds--
      underWay -= round.length
      wake()
    }
    const late = setTimeout(over, patience)
    await send(round)
    clearTimeout(late)
    over()
  }

  return {
    add(one) {
      waiting.push(one)
      wake()
    },
  }
}
