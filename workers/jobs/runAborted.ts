/**
 * Why a run's execution is broken off from outside. `cancelled` and `fenced` write nothing more; `shutdown` and
 * `uncertain` (it isn't known whether an append was committed) give it back; `refused` (Postgres won't have its events)
 * fails it.
 */
export type AbortReason = 'cancelled' | 'fenced' | 'shutdown' | 'uncertain' | 'refused'

export class RunAborted extends Error {
  readonly reason: AbortReason

  constructor(reason: AbortReason) {
    super(`the run was broken off: ${reason}`)
    this.reason = reason
  }
}
