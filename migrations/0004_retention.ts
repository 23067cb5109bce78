import type { Knex } from 'knex'

/**
 * Where the forgetting of old events has come to: runs in the order of their ends. An index on the events themselves
 * would be written with each of them; a BRIN would widen to the whole table as freed pages fill again.
 */
const RETENTION = `
create table log_retention (
  only_row boolean primary key default true check (only_row),
  ended_at timestamptz not null default '-infinity',
  run_id uuid not null default '00000000-0000-0000-0000-000000000000'
);
insert into log_retention default values;

create index runs_ended on runs (ended_at, id) where ended_at is not null;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(RETENTION)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index runs_ended; drop table log_retention')
}
