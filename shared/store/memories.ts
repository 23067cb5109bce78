import { idOf, newId } from '@shared/domain/ids'
import type { Memory, MemoryWrite, ToldMemory } from '@shared/domain/memories'
import { tunables } from '@shared/domain/tunables'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction, query, queryOne } from './query.ts'
import { iso, uuid } from './render.ts'
import type { Page } from './sessions.ts'

interface MemoryRow {
  id: string
  end_user_id: string
  topic: string | null
  content: string
  source_run_id: string | null
  created_at: Date | string
  updated_at: Date | string
}

const COLUMNS = 'm.id, m.end_user_id, m.topic, m.content, m.source_run_id, m.created_at, m.updated_at'

function toMemory(row: MemoryRow): Memory {
  return {
    id: idOf('memory', row.id),
    endUserId: idOf('endUser', row.end_user_id),
    ...(row.topic !== null && { topic: row.topic }),
    content: row.content,
    ...(row.source_run_id !== null && { sourceRunId: idOf('run', row.source_run_id) }),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  }
}

/** Whose memories may be seen: of one person (an end user's own, or whom a server has named), or of all (null). */
export interface MemoryScope {
  organizationId: string
  endUserId: string | null
}

const scopeValues = ({ organizationId, endUserId }: MemoryScope) => [
  uuid('organization', organizationId),
  endUserId && uuid('endUser', endUserId),
]

export interface MemoryFilter {
  topic: string | null
  search: string | null
  /** The id after which the page begins. */
  after: string | null
}

/** One person's memories in the order of their making. All words of `search` stand in topic or content, in any case. */
export async function listMemories(
  db: Database,
  scope: MemoryScope & { endUserId: string },
  { topic, search, after }: MemoryFilter,
  { limit, order }: Page,
): Promise<Memory[]> {
  const [past, direction] = order === 'asc' ? ['>', 'asc'] : ['<', 'desc']
  const rows = await query<MemoryRow>(
    db,
    {
      name: `list_memories_${order}`,
      text: `select ${COLUMNS} from memories m
        where m.organization_id = $1 and m.end_user_id = $2
          and ($3::uuid is null or m.id ${past} $3) and ($4::text is null or m.topic = $4)
          and not exists (
            select from regexp_split_to_table(lower($5), '\\s+') as word
            where strpos(lower(concat_ws(' ', m.topic, m.content)), word) = 0)
        order by m.id ${direction} limit $6`,
    },
    [...scopeValues(scope), after && uuid('memory', after), topic, search ?? '', limit],
  )
  return rows.map(toMemory)
}

/** The topics of one person's memories, by name, with how many each has. */
export async function listMemoryTopics(
  db: Database,
  scope: MemoryScope & { endUserId: string },
): Promise<{ topic: string; memories: number }[]> {
  return query(
    db,
    {
      name: 'list_memory_topics',
      text: `select m.topic, count(*)::int as memories from memories m
        where m.organization_id = $1 and m.end_user_id = $2 and m.topic is not null group by m.topic order by m.topic`,
    },
    scopeValues(scope),
  )
}

/** Null: there is none within the scope. */
export async function findMemory(db: Database, scope: MemoryScope, memoryId: string): Promise<Memory | null> {
  const row = await queryOne<MemoryRow>(
    db,
    {
      name: 'find_memory',
      text: `select ${COLUMNS} from memories m
        where m.id = $3 and m.organization_id = $1 and ($2::uuid is null or m.end_user_id = $2)`,
    },
    [...scopeValues(scope), uuid('memory', memoryId)],
  )
  return row && toMemory(row)
}

export type CreateMemoryOutcome =
  // null: it was deleted since
  { outcome: 'created' | 'replayed'; memory: Memory | null } | { outcome: 'mismatch' | 'absent' | 'too_many' }

/** Remembers something of a person. `absent`: there is no such end user; `too_many`: some must be forgotten first. */
export async function createMemory(
  db: Database,
  memory: { organizationId: string; endUserId: string; topic: string | null; content: string },
  key?: IdempotencyKey,
): Promise<CreateMemoryOutcome> {
  const organizationId = uuid('organization', memory.organizationId)
  const result = await callFunction<
    { outcome: 'created' | 'replayed'; memory: MemoryRow | null } | { outcome: 'mismatch' | 'absent' | 'too_many' }
  >(
    db,
    'create_memory_v1',
    {
      ...memory,
      id: uuid('memory', newId('memory')),
      organizationId,
      endUserId: uuid('endUser', memory.endUserId),
      most: tunables.memories.most,
    },
    key ? storedKey(key, organizationId) : null,
  )
  return 'memory' in result ? { ...result, memory: result.memory && toMemory(result.memory) } : result
}

/** Changes what is given; a topic of null takes it away. Null: there is none within the scope. */
export async function updateMemory(
  db: Database,
  scope: MemoryScope,
  memoryId: string,
  { topic, content }: { topic?: string | null; content?: string },
): Promise<Memory | null> {
  if (topic === undefined && content === undefined) return findMemory(db, scope, memoryId)
  const row = await queryOne<MemoryRow>(
    db,
    {
      name: 'update_memory',
      text: `update memories m set topic = case when $4 then $5 else m.topic end, content = coalesce($6, m.content),
          updated_at = clock_timestamp()
        where m.id = $3 and m.organization_id = $1 and ($2::uuid is null or m.end_user_id = $2)
        returning ${COLUMNS}`,
    },
    [...scopeValues(scope), uuid('memory', memoryId), topic !== undefined, topic ?? null, content ?? null],
  )
  return row && toMemory(row)
}

/** Forgets a memory. False: there is none within the scope. */
export async function deleteMemory(db: Database, scope: MemoryScope, memoryId: string): Promise<boolean> {
  const row = await queryOne<{ deleted: boolean }>(
    db,
    { name: 'delete_memory_v1', text: 'select delete_memory_v1($1, $2, $3) as deleted' },
    [...scopeValues(scope), uuid('memory', memoryId)],
  )
  return row!.deleted
}

/** What an agent app is told of its end user: what was changed last, within tunables.memories, the newest at the end. */
export async function readToldMemories(db: Pick<Database, 'query'>, endUserId: string): Promise<ToldMemory[]> {
  const { told, toldBytes } = tunables.memories
  const rows = await query<MemoryRow>(
    db,
    {
      name: 'read_told_memories',
      text: `select * from (
          select ${COLUMNS}, sum(octet_length(concat(m.topic, m.content))) over (order by m.updated_at desc, m.id desc) as bytes
          from memories m where m.end_user_id = $1 order by m.updated_at desc, m.id desc limit $2
        ) newest where bytes <= $3 order by updated_at, id`,
    },
    [uuid('endUser', endUserId), told, toldBytes],
  )
  return rows.map((row) => {
    const { id, topic, content, createdAt, updatedAt } = toMemory(row)
    return { id, ...(topic !== undefined && { topic }), content, createdAt, updatedAt }
  })
}

/** What an agent app says of memories, as remember_v1 takes it; of what it says of one memory the last counts. */
export function storedWrites(writes: readonly MemoryWrite[]): object {
  return {
    most: tunables.memories.most,
    writes: writes.flatMap(({ id, ...write }, index) => {
      if (id === undefined) return { ...write, id: uuid('memory', newId('memory')) }
      return writes.findLastIndex((one) => one.id === id) === index ? { ...write, known: uuid('memory', id) } : []
    }),
  }
}
