// The bare sequence, one statement a step, on the tables that AgentView has. Plain SQL as one would write it straight
// down: guarded by the head's row, prepared once, and nothing else.

/** $1 session, $2 run, $3 item, $4 organization, $5 version's id, $6 the input item's data. Event: run.queued. */
export const ACCEPT = `
with head as (
  update session_heads set last_seq = last_seq + 1, next_run_no = next_run_no + 1, queued_count = queued_count + 1
    where session_id = $1 returning last_seq, next_run_no - 1 as run_no
), run as (
  insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, is_next, due_at,
      queued_at, deadline_at, next_item_no, first_seq, created_at)
    select $2, $4, $1, run_no, 'chat', 'queued', $5, '1.0.0', true, now(), now(), now() + interval '1 hour', 1, last_seq, now()
    from head
), item as (
  insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
    select $3, $1, $2, run_no, 0, 'input', 'complete', $6, now() from head
), event as (
  insert into session_events (session_id, seq, run_id, type, data, at)
    select $1, last_seq, $2, 'run.queued', jsonb_build_object('runId', $2::text, 'itemId', $3::text, 'item', $6::jsonb), now()
    from head
)
select run_no from head`

/** $1 session, $2 run, $3 worker. */
export const CLAIM = `
with head as (
  update session_heads set held_run_id = $2, held_epoch = held_epoch + 1, queued_count = queued_count - 1
    where session_id = $1 and held_run_id is null returning held_epoch
), run as (
  update runs set status = 'running', epoch = epoch + 1, attempt = attempt + 1, worker_id = $3
    where id = $2 and status = 'queued' and exists (select from head) returning run_no, attempt, queued_at
), attempt as (
  insert into attempts (run_id, attempt, leg, outcome, worker_id, queued_at, claimed_at)
    select $2, attempt, 0, 'running', $3, queued_at, now() from run
)
select run.run_no, head.held_epoch as epoch, item.data as input
  from run, head, items item where item.run_id = $2 and item.kind = 'input'`

/** $1 session, $2 the run's number, $3 how many items at most. */
export const HISTORY = `
select data from items where session_id = $1 and run_no < $2 and not hidden
  order by run_no desc, item_no desc limit $3`

/** $1 session, $2 run, $3 epoch, $4 item, $5 the pieces of text. */
export const APPEND = `
with head as (
  update session_heads set last_seq = last_seq + cardinality($5::text[])
    where session_id = $1 and held_run_id = $2 and held_epoch = $3 returning last_seq - cardinality($5::text[]) as base
), delta as (
  insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
    select $1, base + place, $2, 1, $4,
        jsonb_build_array(jsonb_build_object('op', 'append', 'path', '/content', 'value', piece)), now()
      from head, unnest($5::text[]) with ordinality as given (piece, place)
)
select base from head`

/** $1 session, $2 run, $3 epoch, $4 item, $5 the output item's data. Event: run.completed. */
export const FINISH = `
with head as (
  update session_heads set last_seq = last_seq + 1, held_run_id = null
    where session_id = $1 and held_run_id = $2 and held_epoch = $3 returning last_seq
), run as (
  update runs set status = 'completed', worker_id = null, ended_at = now(), ended_seq = head.last_seq
    from head where id = $2 returning run_no
), attempt as (
  update attempts set outcome = 'completed', ended_at = now() where run_id = $2 and attempt = 1 and exists (select from head)
), item as (
  insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
    select $4, $1, $2, run_no, 1, 'output', 'complete', $5, now() from run
), event as (
  insert into session_events (session_id, seq, run_id, attempt, type, data, at)
    select $1, last_seq, $2, 1, 'run.completed', jsonb_build_object('runId', $2::text, 'itemId', $4::text, 'item', $5::jsonb), now()
    from head
)
select last_seq from head`

export const STEPS = { accept: ACCEPT, claim: CLAIM, history: HISTORY, append: APPEND, finish: FINISH } as const
export type Step = keyof typeof STEPS
