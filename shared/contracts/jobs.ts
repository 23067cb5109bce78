import { type Static, Type } from 'typebox'
import { closed, id } from './objects.ts'

/** Payloads of the queue's jobs by name: ids only, and only as hints; what is true stands in Postgres. */
export const JOB_PAYLOADS = {
  /** A bell: these runs were due when it was rung. */
  pullRuns: closed({ runIds: Type.Array(id('run')) }),
} as const

export type JobName = keyof typeof JOB_PAYLOADS
export type JobPayload<Name extends JobName> = Static<(typeof JOB_PAYLOADS)[Name]>
