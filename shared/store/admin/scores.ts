import type { AdminScore, ScoreChange } from '@shared/contracts/adminObjects'
import type { AgentDefinition } from '@shared/domain/agents'
import { type IdKind, idOf, newId } from '@shared/domain/ids'
import type { Json } from '@shared/domain/json'
import type { ItemKind } from '@shared/domain/objects'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import { type Page, START, beyond } from '../sessions.ts'
import type { Changed, Client } from './audit.ts'
import { takeChange } from './discussions.ts'

/** A settled item, and the definition by which it was made. */
export interface ScorableItem {
  sessionId: string
  runType: string
  kind: ItemKind
  definition: AgentDefinition
}

/** Null: no such settled item in this organization. */
export async function findScorableItem(
  db: Client,
  organizationId: string,
  itemId: string,
): Promise<ScorableItem | null> {
  const row = await queryOne<{ session_id: string; type: string; kind: ItemKind; definition: AgentDefinition }>(
    db,
    {
      name: 'find_scorable_item',
      text: `select i.session_id, r.type, i.kind, v.definition from items i join runs r on r.id = i.run_id
             join agent_versions v on v.id = r.agent_version_id
             where i.id = $1 and r.organization_id = $2
               and exists (select from sessions s where s.id = i.session_id and s.deleted_at is null)`,
    },
    [uuid('item', itemId), uuid('organization', organizationId)],
  )
  if (!row) return null
  return { sessionId: idOf('session', row.session_id), runType: row.type, kind: row.kind, definition: row.definition }
}

type AuthorKind = AdminScore['by']['kind']

/** What kind of id an author has; an automatic judge acts by a key. */
const AUTHOR_IDS: Readonly<Record<AuthorKind, IdKind>> = {
  endUser: 'endUser',
  apiKey: 'apiKey',
  member: 'member',
  judge: 'apiKey',
}

interface ScoreRow {
  id: string
  session_id: string
  item_id: string
  name: string
  value: Json
  comment: string | null
  author_kind: AuthorKind
  author_id: string
  author: string | null
  created_at: Date
  updated_at: Date
}

const SELECT = `
  select c.id, c.session_id, c.item_id, c.name, c.value, c.comment, c.author_kind, c.author_id, c.created_at, c.updated_at,
    u.name as author
  from scores c left join members a on c.author_kind = 'member' and a.id = c.author_id left join users u on u.id = a.user_id`

function toScore(row: ScoreRow): AdminScore {
  return {
    id: idOf('score', row.id),
    sessionId: idOf('session', row.session_id),
    itemId: idOf('item', row.item_id),
    name: row.name,
    value: row.value,
    ...(row.comment !== null && { comment: row.comment }),
    by: {
      kind: row.author_kind,
      id: idOf(AUTHOR_IDS[row.author_kind], row.author_id),
      ...(row.author !== null && { name: row.author }),
    },
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  }
}

/** All scores of a session, in the order of their making. */
export async function listScores(
  db: Client,
  sessionId: string,
  { after, limit, order }: Page & { after: string | null },
): Promise<AdminScore[]> {
  const rows = await query<ScoreRow>(
    db,
    {
      name: `list_scores_${order}`,
      text: `${SELECT} where c.session_id = $1 and c.id ${beyond(order)} $2::uuid order by c.id ${order} limit $3`,
    },
    [uuid('session', sessionId), after ? uuid('score', after) : START[order].id, limit],
  )
  return rows.map(toScore)
}

interface MemberScore {
  sessionId: string
  itemId: string
  name: string
}

/** Where a change of a score stands in its session's discussion, for who is told of it. */
export interface ScoredAt<Result> {
  score: Result
  change: number
}

/**
 * A member's score of an item; again replaces it. It stands in the session's discussion and not in its log of events, which
 * end users read. `absent`: the session is gone.
 */
export async function setScore(
  client: Client,
  by: { organizationId: string; memberId: string },
  { value, comment, ...score }: MemberScore & { value: Json; comment: string | null },
): Promise<Changed<'absent' | (ScoredAt<AdminScore> & { created: boolean })>> {
  const change = await noteChange(client, by, score, { value, comment })
  if (change === null) return { result: 'absent', note: null }
  const row = await queryOne<{ id: string; created: boolean }>(
    client,
    {
      name: 'set_score',
      text: `insert into scores (id, organization_id, session_id, item_id, name, value, comment, author_kind, author_id, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, 'member', $8, clock_timestamp(), clock_timestamp())
             on conflict (item_id, name, author_kind, author_id) do update
               set value = excluded.value, comment = excluded.comment, updated_at = excluded.updated_at
             returning id, (xmax = 0) as created`,
    },
    [
      uuid('score', newId('score')),
      uuid('organization', by.organizationId),
      uuid('session', score.sessionId),
      uuid('item', score.itemId),
      score.name,
      JSON.stringify(value),
      comment,
      uuid('member', by.memberId),
    ],
  )
  const made = await queryOne<ScoreRow>(client, { name: 'find_score', text: `${SELECT} where c.id = $1` }, [row!.id])
  const details = { sessionId: score.sessionId, name: score.name, value }
  const note = { action: 'score.set', target: score.itemId, details }
  return { result: { score: toScore(made!), change, created: row!.created }, note }
}

/** Takes a member's own score away. `absent`: there is none. */
export async function removeScore(
  client: Client,
  by: { organizationId: string; memberId: string },
  score: MemberScore,
): Promise<Changed<'absent' | ScoredAt<null>>> {
  const change = await noteChange(client, by, score, null)
  const gone = await query(
    client,
    {
      name: 'remove_score',
      text: `delete from scores where item_id = $1 and name = $2 and author_kind = 'member' and author_id = $3 returning 1`,
    },
    [uuid('item', score.itemId), score.name, uuid('member', by.memberId)],
  )
  if (change === null || gone.length === 0) return { result: 'absent', note: null }
  const details = { sessionId: score.sessionId, name: score.name }
  return { result: { score: null, change }, note: { action: 'score.remove', target: score.itemId, details } }
}

async function noteChange(
  client: Client,
  by: { organizationId: string; memberId: string },
  { sessionId, itemId, name }: MemberScore,
  given: { value: Json; comment: string | null } | null,
): Promise<number | null> {
  const change = await takeChange(client, by.organizationId, sessionId, 0)
  if (change === null) return null
  await query(
    client,
    {
      name: 'note_score_change',
      text: `insert into score_changes (session_id, change, item_id, name, value, comment, member_id, at)
             values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`,
    },
    [
      uuid('session', sessionId),
      change,
      uuid('item', itemId),
      name,
      given && JSON.stringify(given.value),
      given?.comment ?? null,
      uuid('member', by.memberId),
    ],
  )
  return change
}

interface ChangeRow {
  item_id: string
  name: string
  value: Json
  comment: string | null
  member_id: string
  author: string
  at: Date
  change: number
}

const CHANGES = `select c.item_id, c.name, c.value, c.comment, c.member_id, u.name as author, c.at, c.change
  from score_changes c join members a on a.id = c.member_id join users u on u.id = a.user_id`

function toChange(row: ChangeRow): ScoreChange {
  return {
    itemId: idOf('item', row.item_id),
    name: row.name,
    value: row.value,
    ...(row.comment !== null && { comment: row.comment }),
    by: { id: idOf('member', row.member_id), name: row.author },
    at: iso(row.at),
    change: row.change,
  }
}

/** What members have scored in a session after a place of its discussion. */
export async function readScoreChanges(
  db: Client,
  sessionId: string,
  after: number,
  limit: number,
): Promise<ScoreChange[]> {
  const rows = await query<ChangeRow>(
    db,
    {
      name: 'read_score_changes',
      text: `${CHANGES} where c.session_id = $1 and c.change > $2 order by c.change limit $3`,
    },
    [uuid('session', sessionId), after, limit],
  )
  return rows.map(toChange)
}

/** What members have scored one item, in order. */
export async function readScoreHistory(db: Client, itemId: string, limit: number): Promise<ScoreChange[]> {
  const rows = await query<ChangeRow>(
    db,
    { name: 'read_score_history', text: `${CHANGES} where c.item_id = $1 order by c.change limit $2` },
    [uuid('item', itemId), limit],
  )
  return rows.map(toChange)
}
