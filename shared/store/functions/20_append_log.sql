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

-- Streams: the next events of many runs of one worker at once. Each head is looked up by its key: a join with a list of
-- unknown length would read all heads.
-- in   p_runs: [{ sessionId, runId, epoch, attempt, events: [{ type, data }] }], one entry a session
-- out  a row for each run whose head could be locked at once and still names this run and epoch: its first new seq.
--      A run without a row was fenced, or its head was locked by somebody else: the caller reads which.
create or replace function append_events_v1(p_runs jsonb)
returns table (run_id uuid, base_seq bigint, appended_at timestamptz) language plpgsql volatile as $$
declare
  v_run record;
begin
  for v_run in
    select p."sessionId" as session_id, p."runId" as id, p.epoch, p.attempt, p.events
    from jsonb_to_recordset(p_runs) as p ("sessionId" uuid, "runId" uuid, epoch int, attempt int, events jsonb)
    order by p."sessionId"
  loop
    select h.last_seq into base_seq from session_heads h
      where h.session_id = v_run.session_id and h.held_run_id = v_run.id and h.held_epoch = v_run.epoch
      for no key update skip locked;
    continue when not found;
    run_id := v_run.id;
    appended_at := clock_timestamp();
    update session_heads h set last_seq = base_seq + jsonb_array_length(v_run.events) where h.session_id = v_run.session_id;
    perform append_log_v1(v_run.session_id, run_id, v_run.attempt, base_seq, appended_at, v_run.events);
    return next;
  end loop;
end
$$;
