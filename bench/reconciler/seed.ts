import type pg from 'pg'
import { BENCH_ID, benchId } from '../seed/benchId.ts'
import type { SeedTenant } from '../seed/finished.ts'

/** What lives while the reconciler is measured, written set-based, as the engine leaves it. */

/** Whose it is, and what finishes. */
export const TENANT: SeedTenant = {
  organizationId: benchId(1, 1),
  agentId: benchId(3, 1),
  agentVersionId: benchId(4, 1),
}

/** What lives at the same time: far more than a reconciler meets on a good day. */
export const LIVE = {
  /** Due and next: each the only run of its session. */
  due: 2_000,
  /** Behind a running one. */
  blocked: 3_000,
  /** Held, waiting for its next attempt. */
  retrying: 500,
  paused: 500,
  /** Of living workers. */
  running: 320,
  /** Of workers that have lapsed. */
  orphaned: 100,
  /** Past their deadlines, still queued. */
  overdue: 50,
  /** Of runs that have ended, in the default partition. */
  deltas: 200_000,
  workers: 10,
  lapsedWorkers: 40,
  endpoints: 40,
  /** Deliveries that are due, of all endpoints: more than all measurements claim. */
  dueDeliveries: 20_000,
  /** Deliveries that are to be tried again later. */
  laterDeliveries: 2_000,
  /** Deliveries that were taken, kept for a month. */
  delivered: 200_000,
}

const MAKE_TENANT = `
  insert into organizations (id, name, agent_signing_secret) values (bench_id(1, 1), 'Bench', 'sealed');
  insert into end_users (id, organization_id, anonymous) values (bench_id(2, 1), bench_id(1, 1), true);
  insert into agents (id, organization_id, name) values (bench_id(3, 1), bench_id(1, 1), 'bench');
  insert into agent_versions (id, organization_id, agent_id, version, definition)
    values (bench_id(4, 1), bench_id(1, 1), bench_id(3, 1), '1.0.0', '{}');
  update agents set active_version_id = bench_id(4, 1);
  insert into workers (id, host, pid, concurrency, lease_until, lapsed_at)
    select bench_id(5, n), 'bench', n, 32, now() + interval '1 day', null from generate_series(1, ${LIVE.workers}) n
    union all
    select bench_id(6, n), 'bench', n, 32, now() - interval '1 minute', now() from generate_series(1, ${LIVE.lapsedWorkers}) n`

/** One session with one live run for each of the numbers, the input item with it. Columns differ by what it waits for. */
function liveRuns(kind: number, count: number, columns: LiveColumns): string {
  const {
    status,
    epoch,
    worker = 'null',
    due = 'now()',
    deadline = `now() + interval '1 day'`,
    created = 'now()',
  } = columns
  const held = epoch > 0 ? `bench_id(${kind + 1}, n)` : 'null'
  const numbers = `generate_series(1, ${count}) n`
  return `
    insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, version)
      select bench_id(${kind}, n), bench_id(1, 1), bench_id(3, 1), bench_id(2, 1), 'production', 'live', '1.0.0' from ${numbers};
    insert into session_heads (session_id, organization_id, last_seq, next_run_no, held_run_id, held_epoch, queued_count)
      select bench_id(${kind}, n), bench_id(1, 1), 4, 2, ${held}, ${epoch}, ${epoch > 0 ? 0 : 1} from ${numbers};
    insert into runs (id, organization_id, session_id, run_no, type, status, epoch, attempt, worker_id, agent_version_id, version,
        is_next, due_at, queued_at, deadline_at, next_item_no, first_seq, created_at)
      select bench_id(${kind + 1}, n), bench_id(1, 1), bench_id(${kind}, n), 1, 'chat', '${status}', ${epoch}, ${epoch}, ${worker},
        bench_id(4, 1), '1.0.0', true, ${due}, now(), ${deadline}, 1, 2, ${created} from ${numbers};
    insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
      select bench_id(${kind + 2}, n), bench_id(${kind}, n), bench_id(${kind + 1}, n), 1, 0, 'input', 'complete',
        '{"type": "message", "role": "user", "content": "hello"}', now() from ${numbers}`
}

interface LiveColumns {
  status: 'queued' | 'running' | 'paused'
  epoch: number
  worker?: string
  due?: string
  deadline?: string
  created?: string
}

/** Runs that stand behind the running ones. */
const BLOCKED = `
  insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, is_next, due_at, queued_at,
      deadline_at, next_item_no, first_seq, created_at)
    select bench_id(60, n), bench_id(1, 1), bench_id(16, 1 + n % ${LIVE.running}), 2 + n / ${LIVE.running}, 'chat', 'queued',
      bench_id(4, 1), '1.0.0', false, now(), now(), now() + interval '1 day', 1, 3, now()
    from generate_series(0, ${LIVE.blocked - 1}) n`

/** Deliveries of all endpoints in turn; of runs that have ended. */
function deliveries(count: number, status: 'pending' | 'delivered', due: string): string {
  return `
    insert into deliveries (id, organization_id, endpoint_id, session_id, seq, type, run_id, run_attempt, data, at, status, due_at,
        created_at, ended_at)
      select new_uuid_v1(), bench_id(1, 1), bench_id(40, 1 + n % ${LIVE.endpoints}), bench_id(200, n), 9, 'run.completed',
        bench_id(201, n), 1, (select jsonb_build_object('run', run_snapshot_v1(bench_id(17, 1)))), now(), '${status}', ${due}, now(), ${status === 'delivered' ? 'now()' : 'null'}
      from generate_series(1, ${count}) n`
}

const ENDPOINTS = `
  insert into webhook_endpoints (id, organization_id, url, events, secret)
    select bench_id(40, n), bench_id(1, 1), 'https://receiver.example', '{run.completed}', 'sealed'
    from generate_series(1, ${LIVE.endpoints}) n`

/** What a sender's looks must not read. */
export async function seedDelivered(client: pg.Client): Promise<void> {
  await client.query(deliveries(LIVE.delivered, 'delivered', 'now()'))
  await client.query('analyze deliveries')
}

/** The partition that a look goes over. */
export async function seedDeltas(client: pg.Client): Promise<void> {
  await client.query(`
  insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
    select bench_id(200, n / 200), n % 200, bench_id(201, n / 200), 1, bench_id(202, n / 200),
      '[{"op": "append", "path": "/content", "value": "word "}]', now() - interval '1 day' from generate_series(1, ${LIVE.deltas}) n`)
  await client.query('analyze session_deltas_default')
}

/** The rows that every measurement has. */
export async function seedLive(client: pg.Client): Promise<void> {
  const ofWorkers = (kind: number, workers: number) => `bench_id(${kind}, 1 + n % ${workers})`
  for (const sql of [
    BENCH_ID,
    MAKE_TENANT,
    liveRuns(10, LIVE.due, { status: 'queued', epoch: 0 }),
    liveRuns(16, LIVE.running, { status: 'running', epoch: 1, worker: ofWorkers(5, LIVE.workers) }),
    liveRuns(20, LIVE.orphaned, { status: 'running', epoch: 1, worker: ofWorkers(6, LIVE.lapsedWorkers) }),
    liveRuns(24, LIVE.paused, { status: 'paused', epoch: 1, created: `now() - interval '5 hours'` }),
    liveRuns(28, LIVE.retrying, { status: 'queued', epoch: 1, due: `now() + interval '1 day'` }),
    liveRuns(32, LIVE.overdue, {
      status: 'queued',
      epoch: 0,
      due: `now() + interval '1 day'`,
      deadline: `now() - interval '1 second'`,
    }),
    BLOCKED,
    ENDPOINTS,
    deliveries(LIVE.dueDeliveries, 'pending', `now() - interval '1 second'`),
    deliveries(LIVE.laterDeliveries, 'pending', `now() + interval '1 day'`),
    'analyze',
  ])
    await client.query(sql)
}
