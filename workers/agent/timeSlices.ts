import { tunables } from '@shared/domain/tunables'

/**
 * For long work in small steps: says when it has had `tunables.agentSlice` of one turn of the event loop, so that timers
 * and other sockets get theirs. Frames that came together would else be worked off in one go.
 */
export function timeSlices(): { isOver(): boolean } {
  let mine = -1
  let since = 0
  return {
    isOver() {
      const now = performance.now()
      if (mine === currentTurn()) return now - since >= tunables.agentSlice
      mine = turn
      since = now
      return false
    },
  }
}

let turn = 0
let counting = false

/** The number of this turn of the event loop, counted while somebody asks. */
function currentTurn(): number {
  if (!counting) {
    counting = true
    setImmediate(() => {
      counting = false
      turn++
    })
  }
  return turn
}
