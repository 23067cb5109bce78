import type { RunStatus } from './objects.ts'

/** What can happen to a run. */
export type RunTransition =
  | 'claim'
  | 'claimQuarantined'
  | 'append'
  | 'complete'
  | 'fail'
  | 'retry'
  | 'lapse'
  | 'giveBack'
  | 'cancel'
  | 'expireDeadline'
  | 'pause'
  | 'resume'
  | 'expirePause'
  | 'handOver'
  | 'push'
  | 'endExternal'
  | 'expireIdle'
  | 'loseThirdWorker'
  | 'interrupt'
  | 'rollback'
  | 'merge'
  | 'deleteSession'

const LIVE: RunStatus[] = ['queued', 'running', 'paused']

/** From which states each transition starts and where it ends; the guards of shared/store/runTransitions say the same. */
export const RUN_TRANSITIONS: Record<RunTransition, { from: RunStatus[]; to: RunStatus }> = {
  claim: { from: ['queued'], to: 'running' },
  claimQuarantined: { from: ['queued'], to: 'running' },
  append: { from: ['running'], to: 'running' },
  complete: { from: ['running'], to: 'completed' },
  fail: { from: ['running'], to: 'failed' },
  retry: { from: ['running'], to: 'queued' },
  lapse: { from: ['running'], to: 'queued' },
  giveBack: { from: ['running'], to: 'queued' },
  cancel: { from: LIVE, to: 'cancelled' },
  expireDeadline: { from: ['queued', 'running'], to: 'failed' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'queued' },
  expirePause: { from: ['paused'], to: 'failed' },
  handOver: { from: ['running'], to: 'running' },
  push: { from: ['running'], to: 'running' },
  endExternal: { from: ['running'], to: 'completed' },
  expireIdle: { from: ['running'], to: 'failed' },
  loseThirdWorker: { from: ['running'], to: 'failed' },
  interrupt: { from: LIVE, to: 'cancelled' },
  rollback: { from: LIVE, to: 'cancelled' },
  merge: { from: ['queued'], to: 'queued' },
  deleteSession: { from: LIVE, to: 'cancelled' },
}

/** Completed, failed and cancelled runs never change again. */
export function isEnded(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
