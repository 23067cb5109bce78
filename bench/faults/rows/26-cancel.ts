import type { Script } from '../agent/script.ts'
import { type Arena, BRIEF } from '../arena/arena.ts'
import type { Conversation } from '../arena/conversation.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NEVER, type Row } from '../arena/row.ts'
import type { Turn } from '../arena/turn.ts'

const LONG: Script = { words: 60, everyMs: 40, steps: 1 }
/** What is delayed until a cancel has come between. */
const HELD_MS = 1_500

/** A run in the state that it is to be cancelled in; null when it could not be brought there. */
interface Caught {
  talk: Conversation
  turn: Turn
  /** It is still to be cancelled; false: it has ended, and only nobody knows. */
  live: boolean
  after?: () => Promise<unknown>
}

/** Brings a run into the state, each in a session of its own. */
const STATES: Record<string, (arena: Arena) => Promise<Caught | null>> = {
  async queued(arena) {
    const talk = await arena.conversation()
    const first = talk.say(LONG)
    await first.saw('run.started')
    first.mustEnd({ status: 'completed' })
    const turn = talk.say(BRIEF)
    await turn.accepted
    return (await first.sawEnd(0)) === null ? { talk, turn, live: true } : null
  },
  async 'at claim'(arena) {
    const talk = await arena.conversation()
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm('claim.answered', { action: 'delay', ms: HELD_MS, match })
    const turn = talk.say(BRIEF)
    return (await armed.struck()) && { talk, turn, live: true }
  },
  async 'mid-stream'(arena) {
    const talk = await arena.conversation()
    const turn = talk.say(LONG)
    await turn.saw('item.delta')
    await arena.pause(800)
    return { talk, turn, live: true }
  },
  async 'at finish'(arena) {
    const talk = await arena.conversation()
    const point = arena.one(['finish.before', 'finish.committed'])
    const armed = await arena.arm(point, { action: 'delay', ms: HELD_MS, match: { sessionId: talk.sessionId } })
    const turn = talk.say(BRIEF)
    return (await armed.struck()) && { talk, turn, live: point === 'finish.before' }
  },
  async 'dead worker'(arena) {
    const talk = await arena.conversation()
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm('append.committed', { action: 'kill', match, skip: arena.pick(0, 4) })
    const turn = talk.say(LONG)
    const struck = await armed.struck()
    return struck && { talk, turn, live: true, after: () => arena.revive(struck) }
  },
  async paused(arena) {
    const talk = await arena.conversation()
    const turn = talk.say({ words: 10, everyMs: 10, steps: 1, pauseAfter: arena.pick(0, 9) })
    return (await turn.saw('run.paused')) === null ? null : { talk, turn, live: true }
  },
  async 'Redis down'(arena) {
    const talk = await arena.conversation()
    const turn = talk.say(LONG)
    await turn.saw('item.delta')
    await arena.site.redis.kill()
    return { talk, turn, live: true, after: () => arena.site.redis.start() }
  },
}

export const row: Row = {
  number: 26,
  title: 'cancel × {queued, at claim, mid-stream, at finish, dead worker, Redis down, paused}',
  invariants: ['I2', 'I3', 'I4', 'I5', 'I7', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    await arena.crowd(2, 4)
    const missed: string[] = []
    const states = Object.entries(STATES).filter(([state]) => arena.site.broker === 'redis' || state !== 'Redis down')
    for (const [state, bring] of states) {
      if (!(await cancelIn(arena, state, await bring(arena)))) missed.push(state)
    }
    return {
      proof: missed.length > 0 ? null : `cancelled: ${states.map(([state]) => state).join(', ')}`,
      recovery: null,
    }
  },
}

/** Cancels it while another message waits behind it, which has to begin soon. False: it was not in that state. */
async function cancelIn(arena: Arena, state: string, caught: Caught | null): Promise<boolean> {
  if (!caught) return false
  const { talk, turn, live, after } = caught
  const next = talk.say(BRIEF)
  await next.accepted
  // The checker holds the run to what is answered here.
  const status = await talk.cancel(turn)
  const cancelled = arena.now()
  next.mustEnd({ status: 'completed' })
  // One that was queued has another before it.
  if (state !== 'queued') {
    const began = await next.sawStart()
    const ms = began === null ? NEVER : Math.max(0, began - cancelled)
    arena.expectWithin(`cancelled ${state} → next run begins`, ms, bounds.lostDoorbell)
  }
  await after?.()
  return status === (live ? 'cancelled' : 'completed')
}
