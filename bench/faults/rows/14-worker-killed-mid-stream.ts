import { BOTH, type Row } from '../arena/row.ts'
import { killWorkerAt } from './killedWorker.ts'

export const row: Row = {
  number: 14,
  title: 'worker killed mid-stream',
  invariants: ['I1', 'I3', 'I4', 'I8'],
  brokers: BOTH,
  strike: (arena) =>
    killWorkerAt(arena, arena.one(['append.before', 'append.committed']), {
      script: { words: 40, everyMs: 30, steps: 1 },
      skip: arena.pick(0, 8),
      // What it has said too early, if it does, gets the time to reach readers.
      ms: arena.one([0, 100]),
    }),
}
