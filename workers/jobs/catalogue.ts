import { JOB_PAYLOADS, type JobName, type JobPayload } from '@shared/contracts/jobs'
import { type Check, checkOf } from '@shared/contracts/validate'
import type { RunPuller } from './runPuller.ts'

/** What the handlers of jobs work with. */
export interface JobTools {
  puller: RunPuller
}

interface Job<Name extends JobName> {
  check: Check<JobPayload<Name>>
  handle: (payload: JobPayload<Name>, tools: JobTools) => Promise<void>
}

/** Every job of the queue: a name without a handler does not compile. */
const CATALOGUE: { [Name in JobName]: Job<Name> } = {
  pullRuns: {
    check: checkOf(JOB_PAYLOADS.pullRuns),
    handle: ({ runIds }, { puller }) => puller.ring(runIds),
  },
}

/** Handles a job; one whose payload is not what the catalogue says is left alone: the reconciler finds what it meant. */
export async function handleJob<Name extends JobName>(name: Name, payload: unknown, tools: JobTools): Promise<void> {
  const job = CATALOGUE[name]
  const checked = job.check(payload)
  if (checked.ok) await job.handle(checked.value, tools)
}
