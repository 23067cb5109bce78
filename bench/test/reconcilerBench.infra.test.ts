import { expect, test } from '@jest/globals'
import pg from 'pg'
import { createTestDatabase } from '../../test/database.ts'
import { explain, measure } from '../reconciler/measure.ts'
import { renderTable } from '../reconciler/render.ts'
import { TENANT, seedLive } from '../reconciler/seed.ts'
import { seedFinished } from '../seed/finished.ts'
import { STATEMENTS } from '../reconciler/statements.ts'

test("the reconciler's bench seeds what its statements look for, and shows times and plans of each", async () => {
  const database = await createTestDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await seedLive(client)
    const empty = await measure(database.url, STATEMENTS, 3)
    await seedFinished(client, TENANT, { runs: 2_000, items: 'none', onProgress: () => undefined })
    const { rows } = await client.query('select count(*)::int as count from runs where ended_at is not null')
    expect(rows).toEqual([{ count: 2_000 }])
    const full = await measure(database.url, STATEMENTS, 3)
    const table = renderTable(
      STATEMENTS.map(({ name }) => ({ name, empty: empty.get(name)!, full: full.get(name)! })),
      2_000,
    )
    expect(table.split('\n')).toHaveLength(STATEMENTS.length + 2)
    // where the server has the module that prints them
    const plans = await explain(database.url, STATEMENTS).catch(() => null)
    if (plans) expect(plans.get('findOutdatedRuns')!.join('\n')).toContain('Index Scan using runs_ended')
  } finally {
    await client.end()
    await database.drop()
  }
})
