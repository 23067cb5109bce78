import type { Knex } from 'knex'

/**
 * What each principal and address has spent of its limit in the present minute, where there is no Redis
 * (shared/limits/counters.ts; the columns are those that rate-limiter-flexible wants). Not logged: after a crash everybody
 * begins anew. A row is written some twenty times before its limit is spent, in the place where it stands.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create unlogged table rate_counters (
      key varchar(255) primary key,
      points integer not null default 0,
      -- unix milliseconds
      expire bigint
    ) with (fillfactor = 50)
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table rate_counters')
}
