/** What a process that the bench drives can be asked, by name. Questions and answers are JSON. */
export type Questions = Record<string, (question: never) => Promise<unknown>>

/** A question on its way to the process. */
export interface Asked {
  id: number
  name: string
  question: unknown
}

/** The answer on its way back. */
export interface Answered {
  id: number
  answer?: unknown
  error?: string
}
