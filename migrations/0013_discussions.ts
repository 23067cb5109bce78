import type { Knex } from 'knex'

/**
 * What members say of sessions, and how far each has come with one.
 *
 * All of a session's discussion is in one order, kept by the row in `discussions`: whoever changes something locks it and takes
 * the next number, so that a reader goes on after a number and misses nothing, as with the log of events. What is unread is
 * computed from a reader's mark; nothing is written for each reader.
 * Deliberate absences: no foreign keys to sessions and items, which vanish set-based (functions/77_erasure.sql).
 */
const DISCUSSIONS = `
create table discussions (
  session_id uuid primary key,
  organization_id uuid not null,
  last_change int not null,
  open_threads int not null default 0
);
create index discussions_open on discussions (organization_id, session_id) where open_threads > 0;

create table comments (
  id uuid primary key,
  organization_id uuid not null,
  session_id uuid not null,
  -- null: on the session
  item_id uuid,
  -- the comment that began the thread; null: this one does
  thread_id uuid,
  author_id uuid not null,
  body text not null,
  mentions uuid[] not null default '{}',
  created_at timestamptz not null,
  edited_at timestamptz,
  deleted_at timestamptz,
  resolved_at timestamptz,
  resolved_by uuid,
  -- places in the discussion: of its making, and of its last change
  no int not null,
  change int not null,
  unique (session_id, change)
);
create index comments_thread on comments (thread_id) where thread_id is not null;
create index comments_author on comments (author_id, id);
create index comments_organization on comments (organization_id, id);

create table comment_revisions (
  comment_id uuid not null,
  change int not null,
  body text not null,
  mentions uuid[] not null,
  -- when it was written
  at timestamptz not null,
  primary key (comment_id, change)
);

-- each setting of a member's score, the standing one as well; a value of SQL null: taken away
create table score_changes (
  session_id uuid not null,
  change int not null,
  item_id uuid not null,
  name text not null,
  value jsonb,
  comment text,
  member_id uuid not null,
  at timestamptz not null,
  primary key (session_id, change)
);
create index score_changes_item on score_changes (item_id, change);
create index scores_name on scores (organization_id, name, session_id);

create table session_marks (
  member_id uuid not null,
  session_id uuid not null,
  seen_seq bigint not null default 0,
  seen_change int not null default 0,
  starred boolean not null default false,
  -- null: as it comes (see Mark); else as he has said
  following boolean,
  primary key (member_id, session_id)
) with (fillfactor = 80);
create index session_marks_session on session_marks (session_id);
create index session_marks_starred on session_marks (member_id, session_id) where starred;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(DISCUSSIONS)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table session_marks, score_changes, comment_revisions, comments, discussions;
    drop index scores_name;
  `)
}
