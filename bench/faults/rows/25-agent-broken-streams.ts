import { BOTH, type Row } from '../arena/row.ts'
import { type Scene, failing, overcome, playScenes } from './wrongAgent.ts'

const LOST = 'agent_disconnected'
const INVALID = 'invalid_output'

export const row: Row = {
  number: 25,
  title: 'agent RST, early FIN, split UTF-8, 10 MB line, bad JSON, wrong frames',
  invariants: ['I1', 'I2', 'I3'],
  brokers: BOTH,
  strike(arena) {
    const place = () => ({ afterWords: arena.pick(1, 11) })
    const chopped: Scene = {
      script: { words: 30, everyMs: 10, steps: 2, chopped: true },
      expected: { status: 'completed', errors: [] },
    }
    return playScenes(arena, [
      overcome('reset', LOST, { times: arena.pick(1, 2) }),
      overcome('reset', LOST, place()),
      overcome('end', LOST, { times: arena.pick(1, 2), ...place() }),
      overcome('fin', LOST, place()),
      overcome('halfCharacter', LOST, place()),
      chopped,
      failing('badUtf8', INVALID, place()),
      failing('longLine', INVALID, place()),
      failing('badJson', INVALID, place()),
      failing('wrongFrame', INVALID, place()),
    ])
  },
}
