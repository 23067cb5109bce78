import type { Knex } from 'knex'

/**
 * Each check of a foreign key looks its row up and locks it. That of a run's version is of one row that all runs of an
 * agent share, and versions go only with their organization; an item's session is its run's, which is checked.
 * An attempt grows to several times its size when it ends, and a session is dated anew by each run: with room beside
 * them they stay where they are, and none of their indexes is written.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table runs drop constraint runs_agent_version_id_fkey;
    alter table items drop constraint items_session_id_fkey;
    alter table attempts set (fillfactor = 50);
    alter table sessions set (fillfactor = 80);
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table attempts reset (fillfactor);
    alter table sessions reset (fillfactor);
    alter table items add foreign key (session_id) references sessions on delete cascade;
    alter table runs add foreign key (agent_version_id) references agent_versions;
  `)
}
