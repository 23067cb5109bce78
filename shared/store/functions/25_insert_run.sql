-- Adds a run with its inputs at the end of its session's line, as the head says; the caller holds the head's lock and
-- counts it on.
-- in   p: { organizationId, sessionId, runId, runType, metadata, priority, agentVersionId, version, deadlineMs, delayMs?,
--           retryOf?, inputs: [{ id, data }] }; p_ahead: how many live runs stand before it
-- out  its events: item.created for each input, run.queued
create or replace function insert_run_v1(p jsonb, p_head session_heads, p_ahead int, p_now timestamptz) returns jsonb
language plpgsql volatile as $$
declare
  v_run runs;
  v_events jsonb;
begin
  insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, priority, is_next,
      due_at, queued_at, deadline_at, next_item_no, retry_of, metadata, first_seq, created_at)
    values ((p ->> 'runId')::uuid, (p ->> 'organizationId')::uuid, (p ->> 'sessionId')::uuid, p_head.next_run_no, p ->> 'runType',
      'queued', (p ->> 'agentVersionId')::uuid, p ->> 'version', coalesce((p ->> 'priority')::smallint, 0), p_ahead = 0,
      p_now + make_interval(secs => coalesce((p ->> 'delayMs')::float8, 0) / 1000), p_now,
      p_now + make_interval(secs => (p ->> 'deadlineMs')::float8 / 1000), jsonb_array_length(p -> 'inputs'),
      (p ->> 'retryOf')::uuid, p -> 'metadata', p_head.last_seq + 1, p_now)
    returning * into v_run;
  v_events := insert_inputs_v1(v_run, 0, p -> 'inputs', p_now);
  return v_events || jsonb_build_array(queued_event_v1(v_run.id, p_ahead));
end
$$;

-- The data of an input's item.created.
create or replace function input_event_v1(p_id uuid, p_run_id uuid, p_run_no int, p_item_no int, p_data jsonb, p_now timestamptz)
returns jsonb language sql stable as $$
  select jsonb_build_object('item', jsonb_build_object('id', p_id, 'runId', p_run_id, 'runNo', p_run_no, 'itemNo', p_item_no,
    'kind', 'input', 'status', 'complete', 'data', p_data, 'createdAt', p_now))
$$;

-- Gives a run inputs, numbered on from p_from, and returns an item.created for each.
create or replace function insert_inputs_v1(p_run runs, p_from int, p_inputs jsonb, p_now timestamptz) returns jsonb
language sql volatile as $$
  with given as (
    select (i.input ->> 'id')::uuid as id, p_from + i.place::int - 1 as item_no, i.input -> 'data' as data
    from jsonb_array_elements(p_inputs) with ordinality as i (input, place)
  ), kept as (
    insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
      select id, p_run.session_id, p_run.id, p_run.run_no, item_no, 'input', 'complete', data, p_now from given
  )
  select coalesce(jsonb_agg(jsonb_build_object('type', 'item.created',
      'data', input_event_v1(id, p_run.id, p_run.run_no, item_no, data, p_now)) order by item_no), '[]')
  from given
$$;

create or replace function queued_event_v1(p_run_id uuid, p_ahead int) returns jsonb language sql stable as $$
  select jsonb_build_object('type', 'run.queued', 'data', jsonb_build_object('run',
    run_snapshot_v1(p_run_id) || jsonb_build_object('queuePosition', p_ahead)))
$$;

-- The live runs of a session in order, the held one first. Found from the newest back, as many as the head says there are:
-- a long session isn't read from its beginning.
create or replace function live_runs_v1(p_session_id uuid, p_count int) returns setof runs language sql stable as $$
  select * from (
    select r.* from runs r where r.session_id = p_session_id and r.ended_at is null order by r.run_no desc limit p_count
  ) live order by run_no
$$;
