import type { Scenario } from '../scenario.ts'

export const throughput: Scenario = {
  measures: 'how many runs a second, with C sessions that send their next message when the last one is answered',
  run: () => Promise.reject(new Error('not here yet')),
}
