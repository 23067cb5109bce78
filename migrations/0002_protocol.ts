import type { Knex } from 'knex'

/**
 * What pauses, runs that agent apps carry out by themselves, and the quarantine need. A pause's results live in a table of
 * their own: they come one by one, must be told apart from results of earlier pauses, and are asked for again by clients
 * whose answer was lost. No foreign keys, for the reasons given in 0001_core.
 */
const PROTOCOL = `
create table pauses (
  run_id uuid not null,
  -- of the leg that it ended
  leg int not null,
  pause_id text not null,
  -- [{ callId, name, arguments }]
  tool_calls jsonb not null,
  -- what was answered so far, by callId: { output, isError? } or { approved, reason? }
  results jsonb not null default '{}',
  created_at timestamptz not null,
  -- when every call was answered
  resolved_at timestamptz,
  primary key (run_id, leg)
);

-- What an agent app that goes on by itself has said of state, metadata, usage and version; applied when its run ends.
alter table runs add column pending jsonb;
-- Nobody of ours carries out an external run's attempt.
alter table attempts alter column worker_id drop not null;

-- Runs that have lost two workers are carried out alone, by a process that may die of them.
create index runs_quarantined on runs (due_at) where status = 'queued' and is_next and lapses >= 2;
-- Without those: they may be many, and would be read by each claim.
drop index runs_due;
create index runs_due on runs (priority desc, due_at) where status = 'queued' and is_next and lapses < 2;
-- The time of a run that waits behind others has not begun.
drop index runs_deadline;
create index runs_deadline on runs (deadline_at) where status in ('queued', 'running', 'paused') and is_next;
alter table workers add column quarantine boolean not null default false;

-- Definitions that were published before pauses had a time of their own.
update agent_versions set definition = jsonb_set(definition, '{policy,timeouts,pauseMs}', '86400000')
  where definition -> 'policy' ? 'timeouts' and not definition -> 'policy' -> 'timeouts' ? 'pauseMs';
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(PROTOCOL.replaceAll('?', '\\?'))
}

export async function down(): Promise<void> {
  throw new Error('This migration is not taken back: runs may be paused.')
}
