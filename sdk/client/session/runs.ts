import type { Acceptance, FeedbackRequest, ResumeRequest, Run, Score } from '@agentview/contracts'
import { ClientError } from '../clientError.ts'
import type { Api } from '../http/api.ts'
import { readAcceptance, readRun, readScore } from '../http/answers.ts'
import { newKey } from '../platform.ts'
import type { CallOptions } from '../options.ts'

/** What can be done to a run and to what it has made. */
export class Runs {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  /** One that had ended is given as it is. */
  cancel(runId: string, options: CallOptions): Promise<Run> {
    return this.#api.call({ ...options, method: 'POST', path: `${pathOf(runId)}/cancel` }, readRun)
  }

  /** A run that was answered by somebody else, or that went on, is given as it is: nothing is left to do. */
  async resume(runId: string, body: ResumeRequest, options: CallOptions = {}): Promise<Run> {
    try {
      return await this.#api.call({ ...options, method: 'POST', path: `${pathOf(runId)}/resume`, body }, readRun)
    } catch (error) {
      const done = error instanceof ClientError && (error.code === 'already_resolved' || error.code === 'not_paused')
      if (!done) throw error
      return this.#api.call({ ...options, method: 'GET', path: pathOf(runId) }, readRun)
    }
  }

  retry(runId: string, options: CallOptions): Promise<Acceptance> {
    const idempotencyKey = newKey()
    return this.#api.call(
      { ...options, method: 'POST', path: `${pathOf(runId)}/retry`, idempotencyKey },
      readAcceptance,
    )
  }

  giveFeedback(itemId: string, body: FeedbackRequest, options: CallOptions): Promise<Score> {
    const path = `/v1/items/${encodeURIComponent(itemId)}/feedback`
    return this.#api.call({ ...options, method: 'POST', path, body, idempotencyKey: newKey() }, readScore)
  }
}

function pathOf(runId: string): string {
  return `/v1/runs/${encodeURIComponent(runId)}`
}
