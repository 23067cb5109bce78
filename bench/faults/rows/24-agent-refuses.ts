import { RETRY_AFTER_SECONDS } from '../agent/wrongs.ts'
import { BOTH, type Row } from '../arena/row.ts'
import { AGENT } from '../arena/site.ts'
import { failing, overcome, playScenes } from './wrongAgent.ts'

const CODE = 'agent_status'
const { max } = AGENT.policy.retries

export const row: Row = {
  number: 24,
  title: 'agent 500×N, 429 + Retry-After, 400, 404',
  invariants: ['I1', 'I2', 'I3'],
  brokers: BOTH,
  strike(arena) {
    const limited = overcome('status429', CODE, { times: arena.pick(1, 2) })
    return playScenes(arena, [
      overcome('status500', CODE, { times: arena.pick(1, max) }),
      failing('status500', CODE, { attempts: max + 1 }),
      { ...limited, expected: { ...limited.expected, retryAfterMs: RETRY_AFTER_SECONDS * 1_000 } },
      failing('status400', CODE, {}),
      failing('status404', CODE, {}),
    ])
  },
}
