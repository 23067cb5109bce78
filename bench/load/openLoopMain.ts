import { answerQuestions } from '../driven/answerQuestions.ts'
import type { Arrivals } from './arrivals.ts'
import { OpenLoop, type OpenLoopPlan, type OpenLoopResult } from './openLoop.ts'

/** A load of messages with timed texts, a process of its own. */
export type OpenLoopQuestions = {
  connect(plan: OpenLoopPlan): Promise<void>
  play(arrivals: Arrivals): Promise<OpenLoopResult>
  close(): Promise<void>
}

let loop: OpenLoop | null = null

function connected(): OpenLoop {
  if (!loop) throw new Error('connect comes first')
  return loop
}

answerQuestions({
  connect: async (plan: OpenLoopPlan) => {
    loop = await OpenLoop.connect(plan)
  },
  play: (arrivals: Arrivals) => connected().play(arrivals),
  close: () => connected().close(),
} satisfies OpenLoopQuestions)
