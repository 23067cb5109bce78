import type { Arena } from '../arena/arena.ts'
import { BRIEF } from '../arena/arena.ts'
import type { Conversation } from '../arena/conversation.ts'
import { bounds, patience } from '../arena/patience.ts'
import type { Answer } from '../arena/receiver.ts'
import { BOTH, NEVER, type Row } from '../arena/row.ts'
import type { Turn } from '../arena/turn.ts'

const TALKS = 3
const TURNS = 3

/** What each receiver does the first time that a delivery comes; later it takes it. */
const RECEIVERS: Record<string, Answer> = { well: 204, refusing: 500, hanging: 'hang', dying: 'die' }

export const row: Row = {
  number: 31,
  title: 'webhook receivers: 500, hang, killed after 2xx; their sender killed',
  invariants: ['I6', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const endpoints = await Promise.all(
      Object.entries(RECEIVERS).map(([name, first]) => {
        // One that hangs or dies does so once in all: what comes meanwhile fails as well, and waits longer each time.
        let went = false
        return arena.endpoint(name, (tries) => {
          if (tries > 1 || (went && typeof first === 'string')) return 204
          went = true
          return first
        })
      }),
    )
    const talks = await Promise.all(Array.from({ length: TALKS }, () => arena.conversation()))
    await Promise.all(talks.map((talk) => talk.talk(TURNS, BRIEF)))
    const turns = talks.flatMap((talk) => talk.turns)
    const slowest = await tellAll(arena, 'well', turns)
    arena.expectWithin('run ended → told to a receiver that is well', slowest, bounds.lostDoorbell)
    const lost = await killSender(arena, talks[0]!)
    const all = talks.flatMap((talk) => talk.turns)
    for (const { name } of endpoints) await tellAll(arena, name, all)
    await Promise.all(endpoints.map((endpoint) => endpoint.remove()))
    const came = arena.recorder.entries.filter((entry) => entry.kind === 'delivered')
    const refused = came.filter(({ answered }) => !isTaken(answered)).length
    const again = came.length - endpoints.length * all.length - refused
    return {
      proof:
        refused > 0 && lost !== null
          ? `${refused} deliveries were refused or not answered, ${again} came again, the sender of ${lost} was killed before it told the answer`
          : null,
      recovery: null,
    }
  },
}

/** Kills a sender that has an answer which it has told nobody; gives the id of its delivery, if one was struck. */
async function killSender(arena: Arena, talk: Conversation): Promise<string | null> {
  const armed = await arena.arm('delivery.answered', { action: 'kill', match: { sessionId: talk.sessionId } })
  const turn = talk.say(BRIEF)
  const struck = await armed.struck()
  if (!struck) return null
  await turn.sawEnd()
  await arena.revive(struck)
  return String(struck.context.deliveryId)
}

/** Waits until a receiver has taken the end of each; gives how long it took at most after a reader saw it, in ms. */
async function tellAll(arena: Arena, endpoint: string, turns: readonly Turn[]): Promise<number> {
  const times = await Promise.all(
    turns.map(async (turn) => {
      const [accepted, ended] = await Promise.all([turn.accepted, turn.sawEnd()])
      const told = await arena.recorder.first(
        (entry) =>
          entry.kind === 'delivered' &&
          entry.endpoint === endpoint &&
          entry.runId === accepted?.runId &&
          isTaken(entry.answered),
        patience.delivery,
      )
      return told && ended !== null ? Math.max(0, told.at - ended) : NEVER
    }),
  )
  return Math.max(...times)
}

function isTaken(answered: number): boolean {
  return answered >= 200 && answered < 300
}
