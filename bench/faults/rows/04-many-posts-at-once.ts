import { ON_BUSY, type OnBusy } from '@shared/domain/agents'
import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import { BOTH, type Row } from '../arena/row.ts'

const POSTS = 50
/** Holds the session while the others come. */
const LONG: Script = { words: 60, everyMs: 25, steps: 1 }
const SHORT: Script = { words: 3, everyMs: 5, steps: 1 }

export const row: Row = {
  number: 4,
  title: '50 posts at once on one session, each onBusy',
  invariants: ['I1', 'I3', 'I5', 'I9'],
  brokers: BOTH,
  async strike(arena) {
    await arena.crowd(1, 5)
    const told: string[] = []
    for (const onBusy of ON_BUSY) told.push(`${onBusy}: ${await postAtOnce(arena, () => onBusy)}`)
    told.push(`mixed: ${await postAtOnce(arena, () => arena.one(ON_BUSY))}`)
    const missed = told.some((one) => one.endsWith(IDLE))
    return { proof: missed ? null : `${POSTS} posts each at a busy session, ${told.join('; ')}`, recovery: null }
  },
}

const IDLE = 'idle'

/** What became of them, or that the session was no longer busy when they were sent. */
async function postAtOnce(arena: Arena, choose: () => OnBusy): Promise<string> {
  const talk = await arena.conversation()
  const first = talk.say(LONG)
  await first.saw('item.delta')
  const turns = Array.from({ length: POSTS }, () => talk.say(SHORT, { onBusy: choose() }))
  if ((await first.sawEnd(0)) !== null) return IDLE
  const accepted = (await Promise.all(turns.map((turn) => turn.accepted))).filter((one) => one !== null)
  return `${accepted.length} in ${new Set(accepted.map(({ runId }) => runId)).size} runs`
}
