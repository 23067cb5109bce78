import { tunables } from '@shared/domain/tunables'
import type { TestedService } from './conformance.ts'
import { type Cutter, startCutter } from './cutter.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type BrokerProcess, brokerProcesses } from './startProcess.ts'

/** Promised is `tunables.redisCommand`; what had no bound of its own would wait until the connection is given up. */
const FAST_MS = tunables.broker.alive

/** Killed, cut and silent connections, and ends of processes. */
export function testFaults(service: () => TestedService): void {
  const start = brokerProcesses({ keep: false })
  const cutters: Cutter[] = []
  afterEach(async () => {
    for (const cutter of cutters.splice(0)) await cutter.close()
  })

  /** Two processes that answer and watch; the first by way of a cutter. */
  async function startPair(sessionId: string) {
    const address = service().newAddress()
    const cutter = await startCutter(address.url)
    cutters.push(cutter)
    const [first, second] = await Promise.all([start({ ...address, url: cutter.url }), start(address)])
    for (const process of [first, second]) {
      await process.call('answer')
      await process.call('watch', sessionId)
    }
    return { address, cutter, first, second }
  }

  /** Rings and publishes from one process until the other has heard both: what is said during an outage is lost. */
  async function expectToWork(from: BrokerProcess, to: BrokerProcess, sessionId: string, seq: number): Promise<void> {
    await from.call('pause')
    const runId = `run_${sessionId}_${seq}`
    await eventually(async () => {
      if (!to.rung.includes(runId)) await from.call('ring', [runId])
      if (to.lastSeqs(sessionId).at(-1) !== seq) await from.call('publish', sessionId, [seq])
      return to.rung.includes(runId) && to.lastSeqs(sessionId).at(-1) === seq
    })
    await from.call('resume')
  }

  async function expectReconnected(process: BrokerProcess, times: number): Promise<void> {
    await process.until('a reconnect', ({ reconnects }) => reconnects >= times)
    await eventually(async () => (await process.call('fault')) === null)
  }

  test('killed connections come back, again and again', async () => {
    const { address, first, second } = await startPair('ses_1')
    for (const time of [1, 2, 3]) {
      expect(await service().killConnections(address)).toBeGreaterThan(0)
      await Promise.all([expectReconnected(first, time), expectReconnected(second, time)])
      await expectToWork(first, second, 'ses_1', time * 2 - 1)
      await expectToWork(second, first, 'ses_1', time * 2)
    }
  })

  test('while the service is away everything fails fast, and works again when it is back', async () => {
    const { cutter, first, second } = await startPair('ses_2')
    expect(await first.call('fault')).toBeNull()
    await cutter.cut()
    await eventually(async () => (await first.call('fault')) !== null)
    for (const outcome of [
      await first.call('ring', ['run_lost']),
      await first.call('publish', 'ses_2', [1]),
      await first.call('publishAborts', ['run_lost']),
      await first.call('publishCuts', [{ subject: 'ses_2', reason: 'deleted' }]),
    ]) {
      expect(outcome.error).toEqual(expect.any(String))
      expect(outcome.ms).toBeLessThan(FAST_MS)
    }
    expect(await first.call('depth')).toBeNull()
    expect((await first.call('watch', 'ses_3')).error).toBeNull()
    await cutter.mend()
    await expectReconnected(first, 1)
    await expectToWork(first, second, 'ses_2', 2)
    await expectToWork(second, first, 'ses_2', 3)
    await expectToWork(second, first, 'ses_3', 1)
  })

  test('a service that falls silent is noticed', async () => {
    const { cutter, first, second } = await startPair('ses_4')
    cutter.freeze()
    for (const outcome of [await first.call('ring', ['run_lost']), await first.call('publish', 'ses_4', [1])]) {
      expect(outcome.error).toEqual(expect.any(String))
      expect(outcome.ms).toBeLessThan(FAST_MS)
    }
    await eventually(async () => (await first.call('fault')) !== null)
    await cutter.mend()
    await expectReconnected(first, 1)
    await expectToWork(first, second, 'ses_4', 2)
    await expectToWork(second, first, 'ses_4', 3)
  })

  test.each(['well', 'cut', 'frozen'] as const)('closing is bounded and lets the process end: %s', async (state) => {
    const { cutter, first } = await startPair('ses_5')
    if (state === 'cut') await cutter.cut()
    if (state === 'frozen') cutter.freeze()
    expect((await first.call('close')).error).toBeNull()
    expect((await first.call('ring', ['run_late'])).error).toBe('the broker is closed')
    expect(await first.ended()).toBe(0)
  })

  test('a handler that never returns holds nobody up', async () => {
    const { first, second } = await startPair('ses_6')
    await second.call('pause')
    await first.call('hold')
    await second.call('ring', ['run_held'])
    await first.until('the bell', ({ rung }) => rung.includes('run_held'))
    expect((await first.call('close')).error).toBeNull()
    expect(await first.ended()).toBe(0)
  })

  test('processes that start at once on a service without tables all work', async () => {
    const address = service().newAddress()
    const processes = await Promise.all(Array.from({ length: 5 }, () => start(address)))
    const [first, last] = [processes[0]!, processes.at(-1)!]
    await last.call('answer')
    await first.call('ring', ['run_first'])
    await last.until('the bell', ({ rung }) => rung.includes('run_first'))
  })
}
