import { setTimeout as sleep } from 'node:timers/promises'
import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { type Row, recovery } from '../arena/row.ts'
import { postWithoutRedis } from './postWithoutRedis.ts'

const AWAY_MS = 12_000

export const row: Row = {
  number: 6,
  title: 'Redis down 12 s with idle workers',
  invariants: ['I1', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    // The workers have known the queue, and wait at it again.
    await talk.say(BRIEF).sawEnd()
    await arena.site.redis.kill()
    const killed = arena.now()
    const held = await arena.site.postgres.query('select from session_heads where held_run_id is not null')
    await arena.pause(AWAY_MS / 2)
    await postWithoutRedis(arena, talk)
    await sleep(Math.max(0, killed + AWAY_MS - arena.now()))
    await arena.site.redis.start()
    const back = arena.now()
    const began = await after.say(BRIEF).claimed()
    return {
      proof: held.length === 0 ? 'no run was held, and messages came meanwhile' : null,
      recovery: recovery('Redis back → first run claimed', back, began, bounds.serviceBack),
    }
  },
}
