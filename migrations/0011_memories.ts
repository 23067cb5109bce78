import type { Knex } from 'knex'

/**
 * What agents remember of end users. A person has few of them (tunables.memories.most), so lists, topics and search read
 * his own by one index. Their number stands in his row: claims read that row anyway, and most people have none.
 *
 * `source_run_id` has no foreign key: a memory outlives the session that it was made in.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table memories (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      end_user_id uuid not null references end_users on delete cascade,
      topic text,
      content text not null,
      -- whose agent app wrote it; null: somebody did by the API
      source_run_id uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index memories_end_user on memories (end_user_id, id);
    alter table end_users add column memory_count int not null default 0 check (memory_count >= 0);
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table memories; alter table end_users drop column memory_count;')
}
