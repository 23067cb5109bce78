import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { newId, newUuid, uuidOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { DELIVERABLE_EVENTS, type DeliverableEvent } from '@shared/domain/webhooks'
import { findDelivery, listDeliveries } from '../deliveries.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { insertOrganization } from '../organizations.ts'
import { claimDeliveries, forgetDeliveries } from '../sendDeliveries.ts'
import { createWebhookEndpoint } from '../webhookEndpoints.ts'
import { pause } from './legs.ts'
import { ERROR, type TestEngine, finish, holdOf, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterEach(() => engine.rows('truncate webhook_endpoints, deliveries'))
afterAll(() => engine?.close())

/** What a run's end is told as; each new session would be a delivery as well. */
const OF_RUNS = DELIVERABLE_EVENTS.filter((type) => type !== 'session.created')

const PAGE = { limit: 100, order: 'asc' as const }

async function newEndpoint(events: DeliverableEvent[] = OF_RUNS, organizationId = engine.organizationId) {
  const id = newId('webhookEndpoint')
  const row = { id, organizationId, url: 'http://127.0.0.1:1/', events, description: null, secret: 'sealed' }
  expect(await createWebhookEndpoint(engine.db, row)).toEqual({ outcome: 'created', endpointId: id })
  return id
}

const deliveriesOf = (endpointId: string) => listDeliveries(engine.db, endpointId, null, null, PAGE)
const written = () => engine.rows('select from deliveries')

async function claimedRun() {
  const sessionId = await engine.newSession()
  const { runId } = await engine.say(sessionId)
  return { sessionId, runId, claimed: await engine.take(runId) }
}

describe('a delivery is written with', () => {
  test.each<['completed' | 'failed']>([['completed'], ['failed']])(
    'a run that is %s, as the log has it',
    async (status) => {
      const [endpoint, other] = [await newEndpoint(), await newEndpoint(['run.paused'])]
      const { sessionId, claimed } = await claimedRun()
      await finish(engine.db, claimed, status === 'failed' ? { status, error: ERROR } : {})
      const [delivery, ...more] = await deliveriesOf(endpoint)
      expect(more).toEqual([])
      expect(delivery).toMatchObject({ sessionId, type: `run.${status}`, status: 'pending', attempts: 0 })
      const { event } = (await findDelivery(engine.db, engine.organizationId, delivery!.id))!
      expect(event).toEqual((await engine.log(sessionId)).at(-1))
      expect(await deliveriesOf(other)).toEqual([])
    },
  )

  test('a run that somebody else ends', async () => {
    const endpoint = await newEndpoint()
    const { sessionId, runId } = await claimedRun()
    await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    expect(await deliveriesOf(endpoint)).toMatchObject([{ type: 'run.cancelled' }])
  })

  test('one for each endpoint that wants it, and none for another organization’s', async () => {
    await newEndpoint([...DELIVERABLE_EVENTS], await otherOrganization())
    for (let count = 0; count < 3; count++) await newEndpoint(['run.completed'])
    await finish(engine.db, (await claimedRun()).claimed)
    expect(await written()).toHaveLength(3)
  })
})

test('a new session and a pause are delivered as the log has them', async () => {
  const endpoint = await newEndpoint(['session.created', 'run.paused'])
  const { sessionId, claimed } = await claimedRun()
  await pause(engine, holdOf(claimed), 'p1')
  const deliveries = await deliveriesOf(endpoint)
  expect(deliveries.map(({ type }) => type)).toEqual(['session.created', 'run.paused'])
  const log = await engine.log(sessionId)
  for (const { id, seq } of deliveries) {
    const { event } = (await findDelivery(engine.db, engine.organizationId, id))!
    expect(event).toEqual(log[seq - 1])
  }
})

describe('no delivery is written', () => {
  test('by an end that is rolled back', async () => {
    await newEndpoint()
    const { claimed } = await claimedRun()
    const client = await engine.db.connect()
    try {
      await client.query('begin')
      const within = { query: client.query.bind(client) } as unknown as typeof engine.db
      expect((await finish(within, claimed)).outcome).toBe('ended')
      expect((await client.query('select from deliveries')).rowCount).toBe(1)
      await client.query('rollback')
    } finally {
      client.release()
    }
    expect(await written()).toEqual([])
    // and by the end that comes after it one
    await finish(engine.db, claimed)
    expect(await written()).toHaveLength(1)
  })

  test('by an end that is fenced, or comes a second time', async () => {
    await newEndpoint()
    const { claimed } = await claimedRun()
    const stale = { ...claimed, run: { ...claimed.run, epoch: claimed.run.epoch - 1 } }
    expect((await finish(engine.db, stale)).outcome).toBe('fenced')
    await finish(engine.db, claimed)
    await finish(engine.db, claimed)
    expect(await written()).toHaveLength(1)
  })

  test('without an endpoint, and for one that is disabled', async () => {
    const endpoint = await newEndpoint()
    await engine.rows('update webhook_endpoints set disabled_at = now()')
    await finish(engine.db, (await claimedRun()).claimed)
    expect(await deliveriesOf(endpoint)).toEqual([])
  })
})

test('ids are UUIDv7 in the order of their making', async () => {
  const before = Date.now()
  const rows = await engine.rows<{ id: string }>('select new_uuid_v1() as id from generate_series(1, 100)')
  for (const { id } of rows) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const made = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    expect(Math.abs(made - before)).toBeLessThan(60_000)
  }
  expect(new Set(rows.map(({ id }) => id)).size).toBe(100)
})

test('deliveries are forgotten when their time is over, whatever became of them', async () => {
  const endpoint = await newEndpoint()
  for (let count = 0; count < 3; count++) await finish(engine.db, (await claimedRun()).claimed)
  const [old, dead, fresh] = await deliveriesOf(endpoint)
  const age = async (id: string, days: number) => {
    const aged = newUuid(Date.now() - days * 86_400_000)
    await engine.rows('update deliveries set id = $2 where id = $1', uuidOf('delivery', id), aged)
  }
  await age(old!.id, 31)
  await age(dead!.id, 29)
  await engine.rows(`update deliveries set status = 'dead'`)
  expect(await forgetDeliveries(engine.db, tunables.webhooks.kept)).toBe(1)
  expect((await deliveriesOf(endpoint)).map(({ seq }) => seq)).toEqual([dead!.seq, fresh!.seq])
})

describe('among very many deliveries', () => {
  const MANY = 20_000

  /** How many rows a verb reads, once Postgres has settled on a plan. */
  async function rowsRead(verb: (db: typeof engine.db) => Promise<unknown>): Promise<number> {
    const client = await engine.db.connect()
    const db = { query: client.query.bind(client) } as unknown as typeof engine.db
    const sql = `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables where relname like '%deliveries%'`
    const count = async () => (await client.query<{ rows: number }>(sql)).rows[0]!.rows
    try {
      await client.query('begin')
      for (let time = 0; time < 7; time++) await verb(db)
      const before = await count()
      await verb(db)
      return (await count()) - before
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  test.each(['delivered', 'dead'])('that were %s: a claim and lists read what they bring', async (status) => {
    const endpoint = await newEndpoint()
    await finish(engine.db, (await claimedRun()).claimed)
    await engine.rows(
      `insert into deliveries (id, organization_id, endpoint_id, session_id, seq, type, data, at, status, due_at, created_at)
       select new_uuid_v1(), d.organization_id, d.endpoint_id, d.session_id, n, d.type, d.data, d.at, $2, d.at, d.at
       from deliveries d, generate_series(1, $1::int) n`,
      MANY,
      status,
    )
    const claim = { limit: 10, each: 10, room: new Map<string, number>(), after: null }
    expect(await rowsRead((db) => claimDeliveries(db, claim))).toBeLessThanOrEqual(20)
    expect(
      await rowsRead((db) => listDeliveries(db, endpoint, null, null, { limit: 10, order: 'desc' })),
    ).toBeLessThanOrEqual(10)
    expect(
      await rowsRead((db) => listDeliveries(db, endpoint, 'dead', null, { limit: 10, order: 'desc' })),
    ).toBeLessThanOrEqual(10)
    expect(await rowsRead((db) => forgetDeliveries(db, tunables.webhooks.kept))).toBeLessThanOrEqual(1)
  })

  test('that wait for endpoints that hang, another’s are claimed without reading them', async () => {
    const hanging = await newEndpoint(['run.completed'])
    await finish(engine.db, (await claimedRun()).claimed)
    await engine.rows(
      `insert into deliveries (id, organization_id, endpoint_id, session_id, seq, type, data, at, due_at, created_at)
       select new_uuid_v1(), d.organization_id, d.endpoint_id, d.session_id, n, d.type, d.data, d.at, d.at, d.at
       from deliveries d, generate_series(1, $1::int) n`,
      MANY,
    )
    const claim = { limit: 10, each: 10, room: new Map([[hanging, 0]]), after: null }
    expect(await rowsRead((db) => claimDeliveries(db, claim))).toBeLessThanOrEqual(20)
  })
})

test('an end of a run looks once into the endpoints’ index, and into no other table of webhooks', async () => {
  const client = await engine.db.connect()
  try {
    const { claimed } = await claimedRun()
    await newEndpoint([...DELIVERABLE_EVENTS], await otherOrganization())
    const looks = async () => {
      const { rows } = await client.query<Record<string, number>>(
        `select relname as name, coalesce(idx_scan, 0)::int as looks, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows
         from pg_stat_xact_user_tables where relname in ('webhook_endpoints', 'deliveries') order by 1`,
      )
      return rows.flatMap((row) => [row['looks']!, row['rows']!])
    }
    await client.query('begin')
    const before = await looks()
    await finish({ query: client.query.bind(client) } as unknown as typeof engine.db, claimed)
    const after = await looks()
    // deliveries: looks, rows; webhook_endpoints: looks, rows
    expect(after.map((count, index) => count - before[index]!)).toEqual([0, 0, 1, 0])
  } finally {
    await client.query('rollback')
    client.release()
  }
})

async function otherOrganization(): Promise<string> {
  const id = newId('organization')
  const settings = { allowedOrigins: [], allowLocalOrigins: true }
  await insertOrganization(engine.db, { id, name: 'Other', settings, agentSigningSecret: 'sealed' })
  return id
}
