import { setTimeout as sleep } from 'node:timers/promises'
import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'
import { postWithoutRedis } from './postWithoutRedis.ts'

const AWAY_MS = 2_000

export const row: Row = {
  number: 5,
  title: 'Redis killed during POST',
  invariants: ['I1', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(3, 4)
    // The message is committed while Redis lives, and its bell is rung when Redis is gone.
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm('accept.committed', { action: 'delay', ms: 300, match })
    const turn = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    await arena.site.redis.kill()
    await turn.accepted
    await postWithoutRedis(arena, after)
    await sleep(AWAY_MS)
    await arena.site.redis.start()
    const back = arena.now()
    const began = await after.say(BRIEF).sawStart()
    return {
      proof: `the POST of ${turn.content} was between commit and bell`,
      recovery: recovery('Redis back → first run begins', back, began, bounds.serviceBack),
    }
  },
}
