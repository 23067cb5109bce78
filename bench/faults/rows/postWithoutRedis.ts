import { type Arena, BRIEF } from '../arena/arena.ts'
import type { Conversation } from '../arena/conversation.ts'
import { bounds } from '../arena/patience.ts'
import { recovery } from '../arena/row.ts'

const POSTS = 5

/** Messages while Redis can't be used: they are answered in time all the same, and the first need not wait for Redis. */
export async function postWithoutRedis(arena: Arena, talk: Conversation): Promise<void> {
  const began = arena.now()
  const first = talk.say(BRIEF)
  await first.accepted
  const times = [arena.now() - began]
  for (let count = 1; count < POSTS; count++) {
    const sent = arena.now()
    await talk.say(BRIEF).accepted
    times.push(arena.now() - sent)
  }
  for (const ms of times) arena.expectWithin('POST without Redis', ms, bounds.postWithoutRedis)
  const claim = recovery('POST without Redis → run claimed', began, await first.claimed(), bounds.lostDoorbell)
  arena.expectWithin(claim.what, claim.ms, claim.withinMs)
}
