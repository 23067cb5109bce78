import { withCleanup } from '../cluster/cleanup.ts'
import { startEmbedded } from '../cluster/startEmbedded.ts'
import { makeWorkFolder } from '../cluster/workFolder.ts'
import { type Measured, renderMeasured } from './measured.ts'
import { leftOf, proportionalMemory } from '../measure/processTree.ts'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * npm run footprint: what the embedded start costs, on a new data folder: time to ready the first and the second time,
 * proportional memory when idle (ours and Postgres' together), time of Ctrl-C, and what it leaves running. Linux only.
 */
const IDLE_MS = 10_000

const measured = await withCleanup(async (cleanup): Promise<Measured[]> => {
  const folder = await makeWorkFolder(cleanup)
  const first = await timed(() => startEmbedded(folder, process.env, cleanup))
  const server = first.result.processes()[0]!
  await sleep(IDLE_MS)
  const memory = await proportionalMemory(server.pid)
  const stop = await timed(() => server.stop())
  const left = await leftOf(folder.data)
  const second = await timed(() => startEmbedded(folder, process.env, cleanup))
  await second.result.processes()[0]!.stop()
  return [
    { name: 'first start', value: first.seconds, unit: 's', wanted: 12 },
    { name: 'second start', value: second.seconds, unit: 's', wanted: 5 },
    { name: 'idle memory (PSS)', value: memory, unit: 'MB', wanted: 350 },
    { name: 'Ctrl-C', value: stop.seconds, unit: 's', wanted: 5 },
    { name: 'processes left', value: left, unit: '', wanted: 0 },
  ]
})

console.log(renderMeasured(measured))
process.exitCode = measured.every(({ value, wanted }) => value <= wanted) ? 0 : 1

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const begun = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - begun) / 1_000 }
}
