import { notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import type { Handlers } from '@shared/http/serveRoute'
import { scopeOf } from '@shared/intake/caller'
import { createMemory, personMeant, updateMemory } from '@shared/intake/memories'
import { deleteMemory, findMemory, listMemories, listMemoryTopics } from '@shared/store/memories'
import type { ApiTools } from '../apiTools.ts'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'

type Names = 'listMemories' | 'listMemoryTopics' | 'createMemory' | 'readMemory' | 'updateMemory' | 'deleteMemory'

const isMemoryKey = idKeyOf('memory')

export function memoryRoutes(tools: ApiTools): Handlers<Names> {
  const { db } = tools
  return {
    async listMemories({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', topic = null, search = null } = query
      const after = readCursor(query.cursor, isMemoryKey)?.[0] ?? null
      const person = await personMeant(tools, caller, query.endUserId)
      const rows = await listMemories(db, person, { topic, search, after }, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },
    async listMemoryTopics({ caller, query }) {
      const person = await personMeant(tools, caller, query.endUserId)
      return { status: 200, body: { data: await listMemoryTopics(db, person) } }
    },
    async createMemory({ caller, body, key }) {
      const { memory, replayed } = await createMemory(tools, caller, body, key)
      const headers = { Location: `/v1/memories/${memory.id}`, ...(replayed && { 'Idempotent-Replayed': 'true' }) }
      return { status: 201, body: memory, headers }
    },
    async readMemory({ caller, params }) {
      const memory = await findMemory(db, scopeOf(caller), params.memoryId)
      if (!memory) throw notFound('memory')
      return { status: 200, body: memory }
    },
    async updateMemory({ caller, params, body }) {
      return { status: 200, body: await updateMemory(tools, caller, params.memoryId, body) }
    },
    async deleteMemory({ caller, params }) {
      if (!(await deleteMemory(db, scopeOf(caller), params.memoryId))) throw notFound('memory')
      return { status: 204, body: null }
    },
  }
}
