import { type Static, Type } from 'typebox'
import type { Memory as DomainMemory, MemoryWrite as DomainWrite } from '@shared/domain/memories'
import { tunables } from '@shared/domain/tunables'
import { LIST, type Same, Time, closed, id, page } from './objects.ts'
import type { Route } from './route.ts'

const Topic = Type.String({ minLength: 1, maxLength: tunables.memories.topicChars })
/** In bytes it is bounded as well: tunables.memories.contentBytes. */
const Content = Type.String({ minLength: 1, maxLength: tunables.memories.contentBytes })

export const Memory = closed({
  id: id('memory'),
  endUserId: id('endUser'),
  topic: Type.Optional(Topic),
  content: Content,
  sourceRunId: Type.Optional(id('run')),
  createdAt: Time,
  updatedAt: Time,
})

/** What an agent app may say of its end user's memories. */
export const MemoryWrites = Type.Array(
  Type.Union([
    closed({ id: id('memory'), topic: Type.Optional(Topic), content: Type.Union([Content, Type.Null()]) }),
    closed({ topic: Type.Optional(Topic), content: Content }),
  ]),
  { maxItems: tunables.memories.writes },
)

export const CreateMemory = closed({
  endUserId: Type.Optional(id('endUser')),
  topic: Type.Optional(Topic),
  content: Content,
})
export type CreateMemory = Static<typeof CreateMemory>

/** A topic of null takes it away. */
export const UpdateMemory = closed({
  topic: Type.Optional(Type.Union([Topic, Type.Null()])),
  content: Type.Optional(Content),
})
export type UpdateMemory = Static<typeof UpdateMemory>

const ofMemory = closed({ memoryId: id('memory') })
/** Of whom: a secret key has to say, an end user has only his own. */
const OF_WHOM = { endUserId: Type.Optional(id('endUser')) }
const talkers = ['secret', 'endUser'] as const

/** What is remembered of an end user. */
export const memoryRoutes = {
  listMemories: {
    method: 'get',
    path: '/v1/memories',
    summary: 'What is remembered of an end user; `search`: each of its words stands in topic or content',
    callers: talkers,
    query: closed({
      ...LIST,
      ...OF_WHOM,
      topic: Type.Optional(Topic),
      search: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    }),
    responses: { 200: page(Memory) },
  },
  listMemoryTopics: {
    method: 'get',
    path: '/v1/memories/topics',
    summary: 'The topics of an end user’s memories, by name, with how many each has',
    callers: talkers,
    query: closed(OF_WHOM),
    responses: {
      200: closed({ data: Type.Array(closed({ topic: Topic, memories: Type.Integer({ minimum: 1 }) })) }),
    },
  },
  createMemory: {
    method: 'post',
    path: '/v1/memories',
    summary: 'Remember something of an end user',
    callers: talkers,
    body: CreateMemory,
    idempotent: true,
    responses: { 201: Memory },
  },
  readMemory: {
    method: 'get',
    path: '/v1/memories/{memoryId}',
    summary: 'A memory',
    callers: talkers,
    params: ofMemory,
    responses: { 200: Memory },
  },
  updateMemory: {
    method: 'patch',
    path: '/v1/memories/{memoryId}',
    summary: 'Change a memory; a topic of null takes it away',
    callers: talkers,
    params: ofMemory,
    body: UpdateMemory,
    responses: { 200: Memory },
  },
  deleteMemory: {
    method: 'delete',
    path: '/v1/memories/{memoryId}',
    summary: 'Forget a memory',
    callers: talkers,
    params: ofMemory,
    responses: { 204: null },
  },
} as const satisfies Record<string, Route>

/** Compiles only while schemas and plain types say the same. */
export const MEMORIES_MATCH_TYPES: [
  Same<Static<typeof Memory>, DomainMemory>,
  Static<typeof MemoryWrites> extends DomainWrite[] ? true : never,
] = [true, true]
