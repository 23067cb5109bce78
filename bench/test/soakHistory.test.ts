import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Entry } from '../faults/history/entries.ts'
import { Recorder } from '../faults/history/recorder.ts'
import { ENDPOINT, SoakHistory } from '../faults/soak/soakHistory.ts'
import { history } from './goodHistory.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'agentview-soak-test-'))))
afterEach(() => rm(folder, { recursive: true }))

function recorded(entries: readonly Entry[]): Recorder {
  const recorder = new Recorder()
  for (const entry of entries) recorder.note(entry)
  return recorder
}

function delivered(runId: string, answered: number) {
  const delivery = { endpoint: ENDPOINT, deliveryId: `dlv_${runId}`, type: 'run.completed', runId, answered }
  return { at: 0, kind: 'delivered' as const, ...delivery }
}

describe('the history of a soak', () => {
  test('counts what was accepted, and holds when all ends were delivered, before or after', async () => {
    const kept = await SoakHistory.begin(path.join(folder, 'soak'))
    kept.deliver(delivered('run_1', 204))
    await kept.keep('talk-1', recorded(history()))
    expect(kept.undelivered).toBe(1)
    kept.deliver(delivered('run_2', 500))
    expect(kept.undelivered).toBe(1)
    kept.deliver(delivered('run_2', 204))
    expect([kept.messages, kept.runs, kept.undelivered]).toEqual([2, 2, 0])
    expect(await kept.check()).toEqual([])
  })

  test('finds an end that was never taken, and what a reader missed, with the file where it stands', async () => {
    const kept = await SoakHistory.begin(path.join(folder, 'soak'))
    kept.deliver(delivered('run_1', 204))
    kept.deliver(delivered('run_2', 500))
    await kept.keep('talk-1', recorded(history({ read: (log) => log.filter(({ seq }) => seq !== 12) })))
    expect(await kept.check()).toEqual([
      expect.stringMatching(/^I4 r1: 12 … 12 are missing .*\(talk-1\.jsonl\)$/),
      expect.stringMatching(/^I6 run\.completed of run_2 at soak was tried 1 times and never delivered/),
    ])
  })
})
