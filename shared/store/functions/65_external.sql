-- Runs that agent apps carry out by themselves. Their lease is the deadline, moved on by each push; at its end they fail.

-- A worker's run goes on outside: the agent app has answered 202. The epoch stays: the run's token carries it.
-- in   p: { sessionId, runId, epoch, idleMs, attempt: { outcome: running, … } }
-- out  { outcome: handed_over | fenced }
create or replace function hand_over_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_held record;
  v_run runs;
begin
  v_held := lock_running_v1(p);
  v_run := v_held.run;
  if v_run.id is null then return '{"outcome": "fenced"}'; end if;
  update runs r set owner = 'external', worker_id = null,
      deadline_at = clock_timestamp() + make_interval(secs => (p ->> 'idleMs')::float8 / 1000)
    where r.id = v_run.id;
  perform settle_attempt_v1(v_run.id, v_run.attempt, clock_timestamp(), p -> 'attempt');
  return '{"outcome": "handed_over"}';
end
$$;

-- A run that an agent app has begun by itself.
-- in   p: as insert_run_v1, and { inputs, items: [{ id, kind, data }], idleMs, pending: { state?, metadata?, usage?, itemBytes },
--           idempotency?, end?: { status, error?, attempt } }
-- out  { outcome: accepted, runId, sessionId, written: [part], nextRunId } | { outcome: replayed, … } |
--      { outcome: busy, activeRunId } | { outcome: mismatch | absent }
create or replace function begin_external_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_run_id uuid := p ->> 'runId';
  v_head session_heads;
  v_run runs;
  v_ahead int;
  v_acceptance jsonb;
  v_replay jsonb;
  v_now timestamptz;
  v_events jsonb;
  v_written jsonb;
  v_ended jsonb;
begin
  select * into v_head from session_heads h
    where h.session_id = (p ->> 'sessionId')::uuid and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  v_ahead := v_head.queued_count + (case when v_head.held_run_id is null then 0 else 1 end);
  if p -> 'idempotency' <> 'null' then v_replay := replayed_acceptance_v1(p -> 'idempotency'); end if;
  if v_replay is null then
    v_replay := refuse_message_v1('{"onBusy": "reject"}', v_head, v_ahead);
    if v_replay is not null then return v_replay; end if;
    v_acceptance := jsonb_build_object('sessionId', v_head.session_id, 'runId', v_run_id);
    if p -> 'idempotency' <> 'null' then v_replay := keep_or_replay_v1(p -> 'idempotency', v_acceptance); end if;
  end if;
  if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
  if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;

  v_now := clock_timestamp();
  v_events := insert_run_v1(p, v_head, 0, v_now);
  update runs r set status = 'running', owner = 'external', epoch = 1, attempt = 1, pending = p -> 'pending',
      next_item_no = r.next_item_no + jsonb_array_length(p -> 'items'),
      deadline_at = v_now + make_interval(secs => (p ->> 'idleMs')::float8 / 1000)
    where r.id = v_run_id returning r.* into v_run;
  insert into attempts (run_id, attempt, leg, outcome, queued_at, claimed_at) values (v_run_id, 1, 0, 'running', v_now, v_now);
  v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'run.started',
      'data', jsonb_build_object('run', run_snapshot_v1(v_run_id))))
    || item_events_v1(v_run, jsonb_array_length(p -> 'inputs'), p -> 'items', v_now);
  perform append_log_v1(v_head.session_id, v_run_id, 1, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = h.last_seq + jsonb_array_length(v_events), next_run_no = h.next_run_no + 1,
      held_run_id = v_run_id, held_epoch = 1
    where h.session_id = v_head.session_id;
  update sessions s set version = p ->> 'version' where s.id = v_head.session_id and s.version is distinct from p ->> 'version';
  v_written := jsonb_build_array(jsonb_build_object('runId', v_run_id, 'attempt', 1, 'baseSeq', v_head.last_seq, 'at', v_now,
    'events', v_events));
  if p -> 'end' <> 'null' then
    v_ended := end_run_v1((p -> 'end') || jsonb_build_object('sessionId', v_head.session_id, 'runId', v_run_id,
      'epoch', 1, 'owner', 'external', 'events', '[]'::jsonb,
      'items', (select coalesce(jsonb_agg(e -> 'data' -> 'item'), '[]') from jsonb_array_elements(v_events) e
        where e ->> 'type' = 'item.created' and e -> 'data' -> 'item' ->> 'kind' <> 'input')));
    v_written := v_written || jsonb_build_array((v_ended - 'nextRunId' - 'outcome') || jsonb_build_object('runId', v_run_id));
  end if;
  return jsonb_build_object('outcome', 'accepted') || v_acceptance
    || jsonb_build_object('written', v_written, 'nextRunId', v_ended -> 'nextRunId');
end
$$;

-- An agent app adds to its run, or only says that it lives.
-- in   p: { organizationId, sessionId, runId, epoch?, idleMs, items: [{ id, kind, data }], itemsMax,
--           itemBytes, itemBytesMax, pending: { state?, metadata?, usage? }, idempotency? }
-- out  { outcome: pushed, written: [part] } | { outcome: replayed } |
--      { outcome: mismatch | absent | run_ended | not_external | too_many_items | too_many_bytes }
-- How many bytes of items a run has is kept among what is pending.
create or replace function push_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_head session_heads;
  v_run runs;
  v_replay jsonb;
  v_now timestamptz;
  v_events jsonb;
  v_bytes int;
begin
  select * into v_head from session_heads h
    where h.session_id = (p ->> 'sessionId')::uuid and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  if p -> 'idempotency' <> 'null' then v_replay := replayed_acceptance_v1(p -> 'idempotency'); end if;
  if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
  if v_replay is not null then return '{"outcome": "replayed"}'; end if;
  if v_head.held_run_id is distinct from (p ->> 'runId')::uuid or v_head.held_epoch <> coalesce((p ->> 'epoch')::int, v_head.held_epoch) then
    return '{"outcome": "run_ended"}';
  end if;
  select * into v_run from runs r where r.id = v_head.held_run_id;
  if v_run.status <> 'running' then return '{"outcome": "run_ended"}'; end if;
  if v_run.owner <> 'external' then return '{"outcome": "not_external"}'; end if;
  if v_run.next_item_no + jsonb_array_length(p -> 'items') > (p ->> 'itemsMax')::int then
    return '{"outcome": "too_many_items"}';
  end if;
  v_bytes := coalesce((v_run.pending ->> 'itemBytes')::int, 0) + coalesce((p ->> 'itemBytes')::int, 0);
  if jsonb_array_length(p -> 'items') > 0 and v_bytes > (p ->> 'itemBytesMax')::int then
    return '{"outcome": "too_many_bytes"}';
  end if;
  if p -> 'idempotency' <> 'null' then
    v_replay := keep_or_replay_v1(p -> 'idempotency', jsonb_build_object('sessionId', v_head.session_id, 'runId', v_run.id));
    if v_replay is not null then return jsonb_build_object('outcome', case when v_replay ? 'mismatch' then 'mismatch' else 'replayed' end); end if;
  end if;

  v_now := clock_timestamp();
  v_events := item_events_v1(v_run, v_run.next_item_no, p -> 'items', v_now);
  update runs r set next_item_no = r.next_item_no + jsonb_array_length(v_events),
      pending = coalesce(r.pending, '{}') || (p -> 'pending') || jsonb_build_object('itemBytes', v_bytes) || case when p -> 'pending' ? 'metadata' then
        jsonb_build_object('metadata', coalesce(r.pending -> 'metadata', '{}') || (p -> 'pending' -> 'metadata')) else '{}' end,
      deadline_at = v_now + make_interval(secs => (p ->> 'idleMs')::float8 / 1000)
    where r.id = v_run.id;
  perform append_log_v1(v_head.session_id, v_run.id, v_run.attempt, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = h.last_seq + jsonb_array_length(v_events) where h.session_id = v_head.session_id;
  return jsonb_build_object('outcome', 'pushed', 'written', jsonb_build_array(jsonb_build_object('runId', v_run.id,
    'attempt', v_run.attempt, 'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events)));
end
$$;

-- An item.created for each whole item, numbered on from p_from.
create or replace function item_events_v1(p_run runs, p_from int, p_items jsonb, p_now timestamptz) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('type', 'item.created', 'data', jsonb_build_object('item',
      i.item || jsonb_build_object('runId', p_run.id, 'runNo', p_run.run_no, 'itemNo', p_from + i.place - 1,
        'status', 'complete', 'createdAt', p_now))) order by i.place), '[]')
  from jsonb_array_elements(p_items) with ordinality as i (item, place)
$$;
