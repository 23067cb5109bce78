import { pino } from 'pino'
import { createBroker } from '@shared/broker/createBroker'
import { leasesOf } from '@shared/domain/leases'
import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { startReconciler } from '../reconciler.ts'
import { startWorker } from '../worker.ts'

/** A worker in a process of its own; forked by startWorkerProcess.ts. Ends by itself once it was asked to stop. */
const [databaseUrl, secret, lease] = process.argv.slice(2) as [string, string, string]
const leases = leasesOf(Number(lease))
const log = pino({ level: 'error' }, pino.destination({ fd: 2, sync: true }))

const db = createPool({ url: databaseUrl, name: 'test worker', max: 6, onError: () => undefined })
const broker = await createBroker({ databaseUrl, onError: () => undefined })
const worker = await startWorker({
  db,
  broker,
  log,
  concurrency: 8,
  leases,
  guard: createOutboundGuard(['127.0.0.0/8']),
  secret,
})
const reconciler = startReconciler({
  db,
  databaseUrl,
  broker,
  log,
  leases,
  quarantine: { wake: () => undefined },
  worker,
})

// The test that has started it may fail, or be ended: nobody would stop it then.
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
process.once('message', () => void stop())
process.send?.('ready')

async function stop(): Promise<void> {
  await worker.drain(0)
  await reconciler.stop()
  await closeAgentConnections()
  await broker.close()
  await db.end()
  process.off('disconnect', orphaned)
  // Nothing is exited by force: whatever still waits keeps the process alive, and its test fails.
  process.disconnect()
}
