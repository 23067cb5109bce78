import { answerQuestions } from '../driven/answerQuestions.ts'
import { Crowd, type CrowdPlan, type Heard } from './crowd.ts'

/** A part of a crowd of sockets, a process of its own. */
export type CrowdQuestions = {
  plan(plan: CrowdPlan): Promise<void>
  connect(): Promise<void>
  subscribe(): Promise<void>
  join(session: { sessionId: string; after: number }): Promise<void>
  listen(mark: string): Promise<void>
  heard(): Promise<Heard>
  ended(): Promise<readonly string[]>
}

let crowd: Crowd | null = null

function planned(): Crowd {
  if (!crowd) throw new Error('plan comes first')
  return crowd
}

answerQuestions({
  plan: async (plan: CrowdPlan) => {
    crowd = new Crowd(plan)
  },
  connect: () => planned().connect(),
  subscribe: () => planned().subscribe(),
  join: ({ sessionId, after }: { sessionId: string; after: number }) => planned().join(sessionId, after),
  listen: async (mark: string) => planned().listen(mark),
  heard: async () => planned().heard(),
  ended: async () => planned().ended,
} satisfies CrowdQuestions)
