-- Writes a run's next events, numbered on from p_base; the caller holds the head's lock and has raised last_seq.
-- p_events: [{ type, data }] in order; an item.delta's data is { itemId, patch }.
create or replace function append_log_v1(
  p_session_id uuid, p_run_id uuid, p_attempt int, p_base bigint, p_at timestamptz, p_events jsonb
) returns void language sql volatile as $$
  insert into session_events (session_id, seq, run_id, attempt, type, data, at)
    select p_session_id, p_base + e.place, p_run_id, p_attempt, e.event ->> 'type', e.event -> 'data', p_at
    from jsonb_array_elements(p_events) with ordinality as e (event, place)
    where e.event ->> 'type' <> 'item.delta';
  insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
    select p_session_id, p_base + e.place, p_run_id, p_attempt, (e.event -> 'data' ->> 'itemId')::uuid,
      e.event -> 'data' -> 'patch', p_at
    from jsonb_array_elements(p_events) with ordinality as e (event, place)
    where e.event ->> 'type' = 'item.delta';
$$;

-- Streams: the next events of many runs of one worker at once, in one statement. Heads are looked up by their ids, whatever
-- a plan makes of the joins: one that was made while they were few would read all of them.
-- in   p_runs: [{ sessionId, runId, epoch, attempt, events: [{ type, data }] }], one entry a session
-- out  a row for each run whose head could be locked at once and still names this run and epoch: its first new seq.
--      A run without a row was fenced, or its head was locked by somebody else: the caller reads which.
create or replace function append_events_v1(p_runs jsonb)
returns table (run_id uuid, base_seq bigint, appended_at timestamptz) language plpgsql volatile
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_sessions uuid[] := array(select (r ->> 'sessionId')::uuid from jsonb_array_elements(p_runs) r);
begin
  return query
  with given as materialized (
    select * from jsonb_to_recordset(p_runs)
      as p ("sessionId" uuid, "runId" uuid, epoch int, attempt int, events jsonb)
  ), locked as materialized (
    select h.session_id, g."runId" as id, g.attempt, g.events from given g join session_heads h
      on h.session_id = g."sessionId" and h.held_run_id = g."runId" and h.held_epoch = g.epoch
    where h.session_id = any (v_sessions)
    order by h.session_id for no key update of h skip locked
  ), moved as (
    update session_heads h set last_seq = h.last_seq + jsonb_array_length(l.events) from locked l
      where h.session_id = l.session_id and h.session_id = any (v_sessions)
      returning l.session_id, l.id, l.attempt, l.events, h.last_seq - jsonb_array_length(l.events) as base
  ), logged as (
    insert into session_events (session_id, seq, run_id, attempt, type, data, at)
      select m.session_id, m.base + e.place, m.id, m.attempt, e.event ->> 'type', e.event -> 'data', v_now
      from moved m, jsonb_array_elements(m.events) with ordinality as e (event, place)
      where e.event ->> 'type' <> 'item.delta'
  ), grown as (
    insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
      select m.session_id, m.base + e.place, m.id, m.attempt, (e.event -> 'data' ->> 'itemId')::uuid,
        e.event -> 'data' -> 'patch', v_now
      from moved m, jsonb_array_elements(m.events) with ordinality as e (event, place)
      where e.event ->> 'type' = 'item.delta'
  )
  select m.id, m.base, v_now from moved m;
end
$$;
