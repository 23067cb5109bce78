import { answerQuestions } from '../driven/answerQuestions.ts'
import type { LoopWindow } from '../load/latencyWindow.ts'
import { Floor, type FloorPlan, type FloorVerdict } from './floorLoop.ts'

/** The bare sequence, a process of its own. */
export type FloorQuestions = {
  prepare(plan: FloorPlan): Promise<void>
  begin(): Promise<void>
  pause(): Promise<void>
  open(): Promise<void>
  close(): Promise<LoopWindow>
  stop(): Promise<FloorVerdict>
}

let floor: Floor | null = null

function prepared(): Floor {
  if (!floor) throw new Error('prepare comes first')
  return floor
}

answerQuestions({
  prepare: async (plan: FloorPlan) => {
    floor = await Floor.start(plan)
  },
  begin: async () => prepared().begin(),
  pause: () => prepared().pause(),
  open: async () => prepared().open(),
  close: async () => prepared().close(),
  stop: () => prepared().stop(),
} satisfies FloorQuestions)
