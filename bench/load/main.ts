import { answerQuestions } from '../driven/answerQuestions.ts'
import { ClosedLoop, type LoopPlan, type LoopVerdict } from './closedLoop.ts'
import type { LoopWindow } from './latencyWindow.ts'

/** The load of `throughput`, a process of its own. */
export type LoadQuestions = {
  connect(plan: LoopPlan): Promise<void>
  begin(): Promise<void>
  pause(): Promise<void>
  open(): Promise<void>
  close(): Promise<LoopWindow>
  stop(): Promise<LoopVerdict>
}

let loop: ClosedLoop | null = null

function connected(): ClosedLoop {
  if (!loop) throw new Error('connect comes first')
  return loop
}

answerQuestions({
  connect: async (plan: LoopPlan) => {
    loop = await ClosedLoop.connect(plan)
  },
  begin: async () => connected().begin(),
  pause: () => connected().pause(),
  open: async () => connected().open(),
  close: async () => connected().close(),
  stop: () => connected().stop(),
} satisfies LoadQuestions)
