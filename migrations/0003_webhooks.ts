import type { Knex } from 'knex'

/**
 * Webhooks: where organizations want to be told of events, and each event on its way to one of these places.
 *
 * Deliberate absences: no foreign keys on deliveries (one is written by each end of a run, and a shared lock on its
 * endpoint's row would be taken by all of them at once), so deleting an endpoint is one row however much is on its way:
 * what was still to be sent is found without an endpoint and ends dead. No index by time: the ids are UUIDv7.
 */
const WEBHOOKS = `
create table webhook_endpoints (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  url text not null,
  -- the types of events that it is told of, each by its name
  events text[] not null,
  description text,
  -- signs what is sent (Standard Webhooks, whsec_…), encrypted with AGENTVIEW_SECRET
  secret text not null,
  -- [{ "secret", "until" }]: those before it, which sign as well until receivers have changed over
  old_secrets jsonb not null default '[]',
  -- while set, nothing is written for it and nothing is sent to it
  disabled_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
-- every end of a run looks here, most find nothing
create index webhook_endpoints_organization on webhook_endpoints (organization_id, id);

create table deliveries (
  -- what receivers get as webhook-id, the same in every attempt
  id uuid primary key,
  organization_id uuid not null,
  endpoint_id uuid not null,
  -- the event as it stands in the session's log; a copy, since the log is kept for its own time
  session_id uuid not null,
  seq bigint not null,
  type text not null,
  run_id uuid,
  run_attempt int,
  data jsonb not null,
  at timestamptz not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  -- + 1 at every claim, never reused: an answer of an earlier attempt changes nothing
  attempts int not null default 0,
  -- attempts that don't count towards the last one: broken off by us, or made before a replay
  uncharged int not null default 0,
  -- while an attempt is under way; due_at is then when it is taken for lost
  claimed_at timestamptz,
  due_at timestamptz not null,
  -- of the last attempt that came to an end
  response_status int,
  error text,
  created_at timestamptz not null,
  ended_at timestamptz
);
-- by endpoint, so that one whose receiver hangs holds up no other, however much it has waiting
create index deliveries_due on deliveries (endpoint_id, due_at) where status = 'pending';
create index deliveries_endpoint on deliveries (endpoint_id, id);
-- what a person looks for is rare among all that was delivered
create index deliveries_undelivered on deliveries (endpoint_id, id) where status in ('pending', 'dead');
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(WEBHOOKS)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table deliveries; drop table webhook_endpoints')
}
