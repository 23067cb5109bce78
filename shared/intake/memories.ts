import type { CreateMemory, UpdateMemory } from '@shared/contracts/memories'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Memory } from '@shared/domain/memories'
import { tunables } from '@shared/domain/tunables'
import { findEndUser } from '@shared/store/endUsers'
import { createMemory as create, updateMemory as update } from '@shared/store/memories'
import { type Talker, scopeOf } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'

/** Whose memories are meant: an end user has only his own, a server has to say. Throws `not_found` for another's. */
export async function personMeant(
  { db }: Pick<IntakeTools, 'db'>,
  caller: Talker,
  endUserId: string | undefined,
): Promise<{ organizationId: string; endUserId: string }> {
  const { organizationId, endUserId: own } = scopeOf(caller)
  if (own !== null) {
    if (endUserId !== undefined && endUserId !== own) throw notFound('end user')
    return { organizationId, endUserId: own }
  }
  if (endUserId === undefined) {
    const details = [{ path: '/endUserId', message: 'is required with a secret key' }]
    throw new AgentViewError('invalid_request', 'Say whose memories are meant: endUserId.', { details })
  }
  if (!(await findEndUser(db, organizationId, endUserId))) throw notFound('end user')
  return { organizationId, endUserId }
}

/** Remembers something of a person. */
export async function createMemory(
  tools: Pick<IntakeTools, 'db'>,
  caller: Talker,
  { endUserId, topic, content }: CreateMemory,
  key: RequestKey,
): Promise<{ memory: Memory; replayed: boolean }> {
  refuseLong(content)
  const person = await personMeant(tools, caller, endUserId)
  const result = await create(tools.db, { ...person, topic: topic ?? null, content }, keyOf(caller, key))
  switch (result.outcome) {
    case 'absent':
      throw notFound('end user')
    case 'mismatch':
      throw mismatch()
    case 'too_many':
      throw new AgentViewError(
        'limit_reached',
        `There are ${tunables.memories.most} memories of this end user, which is the most: forget some first.`,
      )
    default:
      if (result.memory === null) throw notFound('memory')
      return { memory: result.memory, replayed: result.outcome === 'replayed' }
  }
}

/** Changes what is given of a memory. */
export async function updateMemory(
  { db }: Pick<IntakeTools, 'db'>,
  caller: Talker,
  memoryId: string,
  change: UpdateMemory,
): Promise<Memory> {
  if (change.content !== undefined) refuseLong(change.content)
  const memory = await update(db, scopeOf(caller), memoryId, change)
  if (!memory) throw notFound('memory')
  return memory
}

function refuseLong(content: string): void {
  const { contentBytes } = tunables.memories
  if (Buffer.byteLength(content) <= contentBytes) return
  throw new AgentViewError('payload_too_large', `A memory has ${contentBytes} bytes at most.`)
}
