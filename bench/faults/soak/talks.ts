import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import type { Conversation, Transport } from '../arena/conversation.ts'

/** So short that the load is the messages, not the words. */
const QUICK: Script = { words: 3, everyMs: 5 }
const SLOW: Script = { words: 12, everyMs: 30, steps: 1 }

type Move = (arena: Arena, talk: Conversation) => Promise<void>

/** What an end user does next; most often he asks and waits for the answer. */
const MOVES: readonly { weight: number; move: Move }[] = [
  { weight: 86, move: async (_arena, talk) => void (await talk.say(QUICK).sawEnd()) },
  { weight: 3, move: async (_arena, talk) => void (await talk.say(SLOW).sawEnd()) },
  { weight: 3, move: cancel },
  { weight: 3, move: interrupt },
  { weight: 3, move: answerPause },
  { weight: 2, move: dropReaders },
]

/** A conversation from its beginning to its end, as the arena's random numbers have it. */
export async function playTalk(arena: Arena): Promise<void> {
  const transports = arena.one<readonly Transport[]>([['sse'], ['socket'], ['sse', 'socket']])
  const talk = await arena.conversation(transports)
  for (let turns = arena.pick(8, 16); turns > 0; turns--) await nextMove(arena)(arena, talk)
  await arena.settle()
}

function nextMove(arena: Arena): Move {
  let place = arena.pick(
    1,
    MOVES.reduce((sum, { weight }) => sum + weight, 0),
  )
  for (const { weight, move } of MOVES) {
    place -= weight
    if (place <= 0) return move
  }
  throw new Error('no move is that far')
}

async function cancel(arena: Arena, talk: Conversation): Promise<void> {
  const turn = talk.say(SLOW)
  await turn.accepted
  await arena.pause(400)
  await talk.cancel(turn)
  await turn.sawEnd()
}

async function interrupt(arena: Arena, talk: Conversation): Promise<void> {
  const first = talk.say(SLOW)
  await first.accepted
  await arena.pause(300)
  const next = talk.say(QUICK, { onBusy: arena.one(['interrupt', 'rollback', 'enqueue', 'merge', 'reject']) })
  await next.accepted
  await first.sawEnd()
  if ((await next.accepted) !== null) await next.sawEnd()
}

async function answerPause(arena: Arena, talk: Conversation): Promise<void> {
  const turn = talk.say({ words: 6, everyMs: 10, steps: 1, pauseAfter: arena.pick(0, 5) })
  if ((await turn.sawPause()) && arena.one([true, true, false])) await talk.resume(turn)
  else await talk.cancel(turn)
  await turn.sawEnd()
}

async function dropReaders(arena: Arena, talk: Conversation): Promise<void> {
  const turn = talk.say(SLOW)
  for (const reader of talk.readers) {
    await arena.pause(150)
    reader.drop()
  }
  await turn.sawEnd()
}
