import { BRIEF } from '../arena/arena.ts'
import { BOTH, type Row } from '../arena/row.ts'
import { killWorkerAt } from './killedWorker.ts'

export const row: Row = {
  number: 15,
  title: 'worker killed after the agent ended, before finish commits',
  invariants: ['I1', 'I2', 'I3', 'I8'],
  brokers: BOTH,
  strike: (arena) => killWorkerAt(arena, 'finish.before', { script: BRIEF }),
}
