import type { Knex } from 'knex'

/**
 * What is deleted, and scores.
 *
 * A deleted session has no head, so no transition touches it any more, and a row that says since when: it and all that
 * hangs on it vanish batch by batch. The same holds for an end user, whose row loses what it says of the person at once.
 * The partial indexes are empty but for what still has to vanish.
 *
 * Scores have no foreign keys: an item's row may come after its score was thought of, and sessions vanish set-based.
 */
const SESSIONS = `
alter table sessions add column deleted_at timestamptz;
create index sessions_deleted on sessions (deleted_at) where deleted_at is not null;
alter table end_users add column deleted_at timestamptz;
create index end_users_deleted on end_users (deleted_at) where deleted_at is not null;

-- By what lists are filtered; by end user and by agent there are such from the beginning. Most sessions are in none of
-- these, and cost nothing when they are made.
create index sessions_space on sessions (organization_id, space, id) where space <> 'production';
create index sessions_metadata on sessions using gin (metadata jsonb_path_ops) where metadata <> '{}';
-- rare among all runs: sessions whose last one may be such
create index runs_unsuccessful on runs (organization_id, status, session_id) where status in ('failed', 'cancelled');

-- what vanishes with its session
create index deliveries_session on deliveries (session_id);

create table scores (
  id uuid primary key,
  organization_id uuid not null,
  session_id uuid not null,
  item_id uuid not null,
  -- what is scored; an end user's verdict is 'feedback'
  name text not null,
  -- "up", "down", a number, or what the agent's definition of this score allows
  value jsonb not null,
  comment text,
  author_kind text not null check (author_kind in ('member', 'endUser', 'apiKey', 'judge')),
  author_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- whoever scores again changes his mind
  unique (item_id, name, author_kind, author_id)
);
create index scores_session on scores (session_id);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(SESSIONS)
}

export async function down(): Promise<void> {
  throw new Error('This migration is not taken back: what was deleted would be there again.')
}
