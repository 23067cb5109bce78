import type { Knex } from 'knex'

/** What is forgotten by its age is found by it: refresh tokens that have ended. */
const TOKENS = `
create index refresh_tokens_expires on refresh_tokens (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(TOKENS)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index refresh_tokens_expires')
}
