/** What is remembered of an end user, over all his sessions. */
export interface Memory {
  id: string
  endUserId: string
  /** By which memories are found and listed, such as `preferences`. */
  topic?: string
  content: string
  /** The run whose agent app wrote it; absent when it was written by the API. */
  sourceRunId?: string
  createdAt: string
  updatedAt: string
}

/** What an agent app is told of a memory. */
export type ToldMemory = Pick<Memory, 'id' | 'topic' | 'content' | 'createdAt' | 'updatedAt'>

/** What an agent app says of its end user's memories: a new one, or by `id` a change of one that it was told. */
export interface MemoryWrite {
  id?: string
  topic?: string
  /** Null forgets the one that `id` names. */
  content: string | null
}
