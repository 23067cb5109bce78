import { BRIEF } from '../arena/arena.ts'
import { BOTH, type Row } from '../arena/row.ts'
import { killWorkerAt } from './killedWorker.ts'

export const row: Row = {
  number: 13,
  title: 'worker killed after claim',
  invariants: ['I1', 'I3', 'I5', 'I8'],
  brokers: BOTH,
  strike: (arena) => killWorkerAt(arena, 'claim.answered', { script: BRIEF }),
}
