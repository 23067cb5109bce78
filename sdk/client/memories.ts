import type {
  Memory,
  MemoryChange,
  MemoryFilter,
  MemoryRequest,
  MemoryTopic,
  Page,
  PageRequest,
} from '@agentview/contracts'
import { ClientError } from './clientError.ts'
import type { Api } from './http/api.ts'
import { readMemories, readMemory, readNothing, readTopics } from './http/answers.ts'
import { newKey } from './platform.ts'
import type { CallOptions } from './options.ts'

/** Which memories to list, and from where on. */
export interface MemoryQuery extends MemoryFilter, PageRequest {}

/**
 * What agents remember of the user over all his sessions, and what he is shown and may change of it. With a secret key every
 * call says of whom, by `endUserId`. Calls reject with ClientError.
 */
export class Memories {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  /** Newest first unless said. */
  list(query: MemoryQuery = {}, options: CallOptions = {}): Promise<Page<Memory>> {
    return this.#api.call({ ...options, method: 'GET', path: '/v1/memories', query: { ...query } }, readMemories)
  }

  /** By name. */
  async topics(query: Pick<MemoryFilter, 'endUserId'> = {}, options: CallOptions = {}): Promise<MemoryTopic[]> {
    const call = { ...options, method: 'GET', path: '/v1/memories/topics', query: { ...query } } as const
    return (await this.#api.call(call, readTopics)).data
  }

  create(body: MemoryRequest, options: CallOptions = {}): Promise<Memory> {
    const call = { ...options, method: 'POST', path: '/v1/memories', body, idempotencyKey: newKey() } as const
    return this.#api.call(call, readMemory)
  }

  update(memoryId: string, body: MemoryChange, options: CallOptions = {}): Promise<Memory> {
    return this.#api.call({ ...options, method: 'PATCH', path: pathOf(memoryId), body }, readMemory)
  }

  /** One that is gone already is forgotten as well: the answer to an earlier try may have been lost. */
  async delete(memoryId: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#api.call({ ...options, method: 'DELETE', path: pathOf(memoryId) }, readNothing)
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'not_found')) throw error
    }
  }
}

function pathOf(memoryId: string): string {
  return `/v1/memories/${encodeURIComponent(memoryId)}`
}
