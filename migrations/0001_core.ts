import type { Knex } from 'knex'

/**
 * Tenants, people, agents, and the engine's tables. Ids are UUIDv7 made by us, so an index that ends in `id` is also
 * ordered by time. Deliberate absences: no foreign keys on the log, deltas, attempts and heads (written on every run;
 * their rows are only made by functions that hold the head's lock), no enum types (adding a value must not lock).
 */
const TENANTS = `
create table organizations (
  id uuid primary key,
  name text not null,
  -- { "allowedOrigins": ["https://…"], "allowLocalOrigins": true }
  settings jsonb not null default '{}',
  -- signs the requests to agent apps (Standard Webhooks, whsec_…), encrypted with AGENTVIEW_SECRET
  agent_signing_secret text not null,
  created_at timestamptz not null default clock_timestamp()
);

create table api_keys (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  kind text not null check (kind in ('secret', 'publishable')),
  -- SHA-256 of the key: keys are 256 random bits, so a slow hash would only cost time
  hash bytea not null unique,
  -- the first characters, to tell keys apart in a list
  hint text not null,
  name text not null,
  created_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz
);
create index api_keys_organization on api_keys (organization_id);

create table end_users (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  external_id text,
  anonymous boolean not null,
  metadata jsonb not null default '{}',
  space text not null default 'production' check (space in ('production', 'playground', 'shared-playground')),
  created_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz,
  -- null external ids (anonymous people) are many
  unique (organization_id, external_id)
);

create table refresh_tokens (
  hash bytea primary key,
  organization_id uuid not null references organizations on delete cascade,
  end_user_id uuid not null references end_users on delete cascade,
  -- all tokens that came from one login; a token used twice revokes them all
  family_id uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_end_user on refresh_tokens (end_user_id);

create table agents (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  name text not null,
  active_version_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  unique (organization_id, name)
);

-- immutable: a change is a new row
create table agent_versions (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  agent_id uuid not null references agents on delete cascade,
  version text not null,
  definition jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (agent_id, version)
);
alter table agents add foreign key (active_version_id) references agent_versions;
`

const ENGINE = `
create table sessions (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  agent_id uuid not null references agents,
  end_user_id uuid not null references end_users,
  space text not null,
  handle text not null,
  title text,
  metadata jsonb not null default '{}',
  state jsonb not null default 'null',
  -- of its last run; null before the first
  version text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index sessions_organization on sessions (organization_id, id);
create index sessions_end_user on sessions (end_user_id, id);
create index sessions_agent on sessions (agent_id, id);

-- The one row that decides: every transition locks it first, and every guard reads only its columns.
-- No secondary index and room on each page, so that its many updates stay on the page (HOT).
create table session_heads (
  session_id uuid primary key,
  organization_id uuid not null,
  last_seq bigint not null default 0,
  next_run_no int not null default 1,
  held_run_id uuid,
  held_epoch int not null default 0,
  queued_count int not null default 0,
  floor_seq bigint not null default 0
) with (fillfactor = 50);

create table runs (
  id uuid primary key,
  organization_id uuid not null,
  session_id uuid not null references sessions on delete cascade,
  run_no int not null,
  type text not null,
  status text not null check (status in ('queued', 'running', 'paused', 'completed', 'failed', 'cancelled')),
  -- the fence: + 1 at every claim and whenever an attempt is ended by somebody else
  epoch int not null default 0,
  attempt int not null default 0,
  leg int not null default 0,
  failures int not null default 0,
  lapses int not null default 0,
  owner text not null default 'worker' check (owner in ('worker', 'external')),
  worker_id uuid,
  agent_version_id uuid not null references agent_versions,
  version text not null,
  -- class of service: higher first
  priority smallint not null default 0,
  -- nothing of its session stands before it, so it may be claimed once it is due (kept under the head's lock)
  is_next boolean not null,
  due_at timestamptz not null,
  queued_at timestamptz not null,
  deadline_at timestamptz not null,
  next_item_no int not null,
  retry_of uuid,
  metadata jsonb not null default '{}',
  error jsonb,
  usage jsonb,
  pause jsonb,
  first_seq bigint not null,
  ended_seq bigint,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (session_id, run_no)
) with (fillfactor = 70);
-- a session holds at most one run, from its first claim to its end
create unique index runs_held on runs (session_id)
  where status in ('running', 'paused') or (status = 'queued' and epoch > 0);
create index runs_due on runs (priority desc, due_at) where status = 'queued' and is_next;
create index runs_worker on runs (worker_id) where status = 'running';
create index runs_deadline on runs (deadline_at) where status in ('queued', 'running', 'paused');

create table attempts (
  run_id uuid not null,
  attempt int not null,
  leg int not null,
  outcome text not null,
  worker_id uuid not null,
  error jsonb,
  reported_version text,
  queued_at timestamptz not null,
  claimed_at timestamptz not null,
  first_byte_at timestamptz,
  first_delta_at timestamptz,
  ended_at timestamptz,
  request_bytes int,
  request_sha256 text,
  response_status int,
  response_bytes int,
  response_truncated boolean,
  -- the agent app's raw answer up to a cap; bytes, since it may be anything
  response_body bytea,
  primary key (run_id, attempt)
);

-- Rows of what is settled: inputs when accepted, all else when its run pauses or ends. What a live run makes is in the log.
create table items (
  id uuid primary key,
  session_id uuid not null references sessions on delete cascade,
  run_id uuid not null references runs on delete cascade,
  run_no int not null,
  item_no int not null,
  leg int not null default 0,
  kind text not null check (kind in ('input', 'step', 'output')),
  status text not null check (status in ('complete', 'incomplete')),
  hidden boolean not null default false,
  data jsonb not null,
  created_at timestamptz not null,
  unique (session_id, run_no, item_no)
);
create index items_run on items (run_id);
`

const LOG = `
create table session_events (
  session_id uuid not null,
  seq bigint not null,
  run_id uuid,
  attempt int,
  type text not null,
  data jsonb not null,
  at timestamptz not null,
  primary key (session_id, seq)
);
-- each run has exactly one terminal event
create unique index session_events_terminal on session_events (run_id)
  where type in ('run.completed', 'run.failed', 'run.cancelled');

-- Deltas are many, small and short-lived: their own table, partitioned by time, dropped by partition once their runs
-- are materialised. The default partition only catches what a late reconciler left without one.
create table session_deltas (
  session_id uuid not null,
  seq bigint not null,
  run_id uuid not null,
  attempt int not null,
  item_id uuid not null,
  patch jsonb not null,
  at timestamptz not null
) partition by range (at);
create index session_deltas_seq on session_deltas (session_id, seq);
create table session_deltas_default partition of session_deltas default;

create view session_log as
  select session_id, seq, run_id, attempt, type, data, at from session_events
  union all
  select session_id, seq, run_id, attempt, 'item.delta', jsonb_build_object('itemId', item_id, 'patch', patch), at
    from session_deltas;

create table workers (
  id uuid primary key,
  host text not null,
  pid int not null,
  concurrency int not null,
  started_at timestamptz not null default clock_timestamp(),
  lease_until timestamptz not null,
  -- set when its runs were given to others; such a worker never comes back under this id
  lapsed_at timestamptz
) with (fillfactor = 50);

create table idempotency_keys (
  organization_id uuid not null,
  principal text not null,
  route text not null,
  key text not null,
  request_hash text not null,
  acceptance jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (organization_id, principal, route, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(TENANTS)
  await knex.raw(ENGINE)
  await knex.raw(LOG)
}

export async function down(): Promise<void> {
  throw new Error('The first migration is not taken back: drop the database instead.')
}
