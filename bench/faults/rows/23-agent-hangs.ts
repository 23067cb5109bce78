import { BOTH, type Row } from '../arena/row.ts'
import { HASTY } from '../arena/site.ts'
import { failing, overcome, playScenes } from './wrongAgent.ts'

const CODE = 'agent_timeout'

export const row: Row = {
  number: 23,
  title: 'agent hangs: no headers, mid-stream, one byte a second',
  invariants: ['I1', 'I2', 'I3'],
  brokers: BOTH,
  strike: (arena) =>
    playScenes(
      arena,
      [
        overcome('hang', CODE, { times: arena.pick(1, 2) }),
        overcome('hang', CODE, { times: arena.pick(1, 2), afterWords: arena.pick(1, 11) }),
        overcome('drip', CODE, { afterWords: arena.pick(1, 11) }),
        // Alive, but never done: the time for all of it ends that.
        overcome('beat', CODE, { afterWords: arena.pick(1, 11) }),
        failing(arena.one(['hang', 'drip']), CODE, { attempts: HASTY.policy.retries.max + 1, afterWords: 3 }),
      ],
      HASTY,
    ),
}
