-- Lets go of a session: the run behind the one that has ended may start, and its time begins to count: it may have waited
-- for days behind a pause. Returns it, to be rung. The caller holds the head's lock. All runs before the ended one have
-- ended, so a long session isn't read from its beginning; `status` is not asked for, or a plan may choose the index of all
-- live runs.
create or replace function release_head_v1(p_session_id uuid, p_ended_run_no int) returns uuid language plpgsql volatile as $$
declare
  v_next uuid;
begin
  update runs r set is_next = true, queued_at = clock_timestamp(), deadline_at = r.deadline_at + (clock_timestamp() - r.queued_at)
    where r.id = (
      select n.id from runs n where n.session_id = p_session_id and n.run_no > p_ended_run_no and n.ended_at is null
        order by n.run_no limit 1)
    returning r.id into v_next;
  return v_next;
end
$$;

-- The end of a leg, by a pause or by the run's end: its items become rows, and what the agent app said of state and
-- metadata is applied.
-- in   p: { items: [row], events: [{ type, data }], state?, metadata?, memories?: as remember_v1 }; p_seq: the head's last seq
-- out  the events to be written: those given, state.updated, session.updated
create or replace function settle_leg_v1(p_run runs, p jsonb, p_seq bigint, p_now timestamptz) returns jsonb
language plpgsql volatile as $$
declare
  v_metadata jsonb := coalesce(nullif(p -> 'metadata', 'null'), '{}');
  v_events jsonb := p -> 'events';
begin
  insert into items (id, session_id, run_id, run_no, item_no, leg, kind, status, data, created_at)
    select i.id, p_run.session_id, p_run.id, p_run.run_no, i."itemNo", p_run.leg, i.kind, i.status, i.data, i."createdAt"
    from jsonb_to_recordset(p -> 'items')
      as i (id uuid, "itemNo" int, kind text, status text, data jsonb, "createdAt" timestamptz)
    -- of an earlier leg: the last of them may become the output
    on conflict (id) do update set kind = excluded.kind, status = excluded.status
      where (items.kind, items.status) is distinct from (excluded.kind, excluded.status);
  if p ? 'memories' then
    perform remember_v1(p_run.session_id, p_run.id, p -> 'memories', p_now);
  end if;
  update sessions s set updated_at = p_now, metadata = merged_metadata_v1(s.metadata, v_metadata),
      state = case when p ? 'state' then p -> 'state' else s.state end
    where s.id = p_run.session_id;
  if p ? 'state' then
    v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'state.updated', 'data',
      jsonb_build_object('state', p -> 'state')));
  end if;
  if v_metadata <> '{}' then
    v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'session.updated', 'data', jsonb_build_object('session',
      session_snapshot_v1(p_run.session_id) || jsonb_build_object('lastSeq', p_seq + jsonb_array_length(v_events) + 1))));
  end if;
  return v_events;
end
$$;

-- Takes what a run has made out of the conversation, its inputs as well; returns the event that says so.
create or replace function hide_items_v1(p_run_id uuid, p_reason text) returns jsonb language sql volatile as $$
  with hidden as (
    update items i set hidden = true where i.run_id = p_run_id and not i.hidden returning i.id, i.item_no
  )
  select jsonb_build_object('type', 'items.hidden', 'data', jsonb_build_object('reason', p_reason,
    'itemIds', coalesce(jsonb_agg(id order by item_no), '[]'))) from hidden
$$;

-- The usage of a run's legs together; the model is the last one's.
create or replace function add_usage_v1(p_first jsonb, p_second jsonb) returns jsonb language sql immutable as $$
  select case when p_first is null or p_second is null then coalesce(p_second, p_first) else
    p_first || p_second || (
      select coalesce(jsonb_object_agg(key, (p_first ->> key)::numeric + (p_second ->> key)::numeric), '{}')
      from unnest(array['inputTokens', 'outputTokens', 'costUsd']) as key where p_first ? key and p_second ? key) end
$$;

-- Ends a run, whoever ends it. Who carries it out is fenced by p.epoch, a worker also when it has handed the run over.
-- Whoever reads and folds its open items without a lock (cancel, deadline, an agent app that goes on by itself) gives the
-- head's last_seq at which he did: when it has moved on, he reads again. Given both, both must hold. What an agent app that
-- goes on by itself has said of state and metadata counts when the run completes; what it has used counts in any case.
-- in   p: { sessionId, runId, epoch?, owner?: whose epoch it is, expectSeq?, onlyOverdue?: not when it was resumed or pushed
--           meanwhile, status, error?, usage?, items: [row], events: [{ type, data }],
--           state?, metadata?, memories?, hide?: why its items leave the conversation, attempt?: { outcome, error?, … } }
-- out  { outcome: ended, baseSeq, at, events, nextRunId } | { outcome: fenced | moved | already_ended | not_overdue | absent }
create or replace function end_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_run_id uuid := p ->> 'runId';
  v_head session_heads;
  v_run runs;
  v_now timestamptz;
  v_events jsonb;
  v_next uuid;
begin
  select * into v_head from session_heads h where h.session_id = v_session for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  if p ? 'epoch' and (v_head.held_run_id is distinct from v_run_id or v_head.held_epoch <> (p ->> 'epoch')::int) then
    return '{"outcome": "fenced"}';
  end if;
  if p ? 'expectSeq' and v_head.last_seq <> (p ->> 'expectSeq')::bigint then return '{"outcome": "moved"}'; end if;
  v_now := clock_timestamp();

  -- by its id alone, also below: with the guards in the statement a plan may choose the index of all live runs, or of all
  -- runs of the session
  select * into v_run from runs r where r.id = v_run_id;
  if v_run.session_id is distinct from v_session or v_run.status not in ('queued', 'running', 'paused')
      or (p ? 'epoch' and v_run.status <> 'running') then
    return '{"outcome": "already_ended"}';
  end if;
  if p ? 'epoch' and v_run.owner <> coalesce(p ->> 'owner', 'worker') then return '{"outcome": "fenced"}'; end if;
  if (p ->> 'onlyOverdue')::boolean and v_run.deadline_at > v_now then return '{"outcome": "not_overdue"}'; end if;
  -- what an agent app has said of state and metadata counts when its run completes, as for a worker's
  if p ->> 'status' <> 'completed' then v_run.pending := v_run.pending - 'state' - 'metadata'; end if;
  p := coalesce(v_run.pending, '{}') || p || case when v_run.pending ? 'metadata' and p ? 'metadata'
    then jsonb_build_object('metadata', (v_run.pending -> 'metadata') || (p -> 'metadata')) else '{}' end;

  perform settle_attempt_v1(v_run.id, v_run.attempt, v_now, p -> 'attempt');
  v_events := settle_leg_v1(v_run, p, v_head.last_seq, v_now);
  if p ? 'hide' then v_events := v_events || jsonb_build_array(hide_items_v1(v_run_id, p ->> 'hide')); end if;
  update runs r set status = p ->> 'status', error = nullif(p -> 'error', 'null'),
      usage = add_usage_v1(r.usage, nullif(p -> 'usage', 'null')), pause = null, pending = null,
      epoch = r.epoch + (case when p ? 'expectSeq' and p ->> 'owner' is distinct from 'external' then 1 else 0 end), worker_id = null, ended_at = v_now,
      failures = r.failures + (case when p ->> 'status' = 'failed' then 1 else 0 end),
      lapses = r.lapses + (case when p -> 'attempt' ->> 'outcome' = 'lapsed' then 1 else 0 end),
      ended_seq = v_head.last_seq + jsonb_array_length(v_events) + 1
    where r.id = v_run_id
    returning r.* into v_run;
  v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'run.' || (p ->> 'status'),
    'data', jsonb_build_object('run', run_snapshot_v1(v_run.id))));
  perform append_log_v1(v_session, v_run.id, nullif(v_run.attempt, 0), v_head.last_seq, v_now, v_events);
  perform write_deliveries_v1(v_head.organization_id, v_session, v_run.id, nullif(v_run.attempt, 0), v_head.last_seq, v_now, v_events);

  -- one that stood behind others lets nobody start
  if v_run.is_next then v_next := release_head_v1(v_session, v_run.run_no); end if;
  update session_heads h set last_seq = v_run.ended_seq,
      held_run_id = nullif(v_head.held_run_id, v_run_id),
      queued_count = v_head.queued_count - (case when v_head.held_run_id is not distinct from v_run_id then 0 else 1 end)
    where h.session_id = v_session;
  return jsonb_build_object('outcome', 'ended', 'baseSeq', v_head.last_seq, 'at', v_now,
    'attempt', nullif(v_run.attempt, 0), 'events', v_events, 'nextRunId', v_next);
end
$$;

-- Ends runs for the worker that has carried them out: all that end at the same time, in one statement. The others go
-- through end_run_v1, one by one in the same transaction: those that were fenced or ended, to be told apart, and those
-- whose agent app has set state, metadata or memories. All heads are locked first, in the order of their ids, so that batches of
-- workers and APIs never wait crosswise. Tables are looked into by ids, whatever a plan makes of the joins.
-- in   p_ends: [{ …: as end_run_v1, by epoch; no owner, expectSeq, hide }]
-- out  a row for each: { runId, outcome, … } as end_run_v1; of those that ended together `ended` is their terminal event
--      and `events` is left out: the caller has given all others
create or replace function end_runs_v1(p_ends jsonb) returns setof json language plpgsql volatile
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_sessions uuid[] := array(select (e ->> 'sessionId')::uuid from jsonb_array_elements(p_ends) e);
  v_runs uuid[] := array(select (e ->> 'runId')::uuid from jsonb_array_elements(p_ends) e);
  v_now timestamptz;
  v_ended record;
  v_done uuid[] := '{}';
  v_next uuid;
  v_end jsonb;
begin
  perform from session_heads h where h.session_id = any (v_sessions) order by h.session_id for no key update;
  -- and behind them the end users that are written to, for the same reason
  if jsonb_path_exists(p_ends, '$[*].memories') then
    perform from end_users u where u.id = any (array(
        select s.end_user_id from jsonb_array_elements(p_ends) e join sessions s on s.id = (e ->> 'sessionId')::uuid
          where e ? 'memories'))
      order by u.id for no key update;
  end if;
  v_now := clock_timestamp();

  for v_ended in
    with given as materialized (
      select g.* from jsonb_array_elements(p_ends) as e (one), jsonb_to_record(e.one) as g
          ("sessionId" uuid, "runId" uuid, epoch int, status text, error jsonb, usage jsonb, items jsonb, events jsonb, attempt jsonb)
        where not e.one ?| array['state', 'metadata', 'memories']
    ), held as materialized (
      select g.*, h.organization_id, h.last_seq, h.queued_count from given g
        join session_heads h on h.session_id = g."sessionId"
        where h.session_id = any (v_sessions) and h.held_run_id = g."runId" and h.held_epoch = g.epoch
    ), running as materialized (
      select h.*, r.attempt as number, r.status as before, r.owner, r.pending from held h join runs r on r.id = h."runId"
        where r.id = any (v_runs)
    ), settled as (
      update attempts a set outcome = coalesce(r.attempt ->> 'outcome', 'cancelled'), ended_at = v_now,
          error = nullif(r.attempt -> 'error', 'null'),
          reported_version = r.attempt ->> 'reportedVersion',
          first_byte_at = (r.attempt ->> 'firstByteAt')::timestamptz,
          first_delta_at = (r.attempt ->> 'firstDeltaAt')::timestamptz,
          request_bytes = (r.attempt ->> 'requestBytes')::int, request_sha256 = r.attempt ->> 'requestSha256',
          response_status = (r.attempt ->> 'responseStatus')::int, response_bytes = (r.attempt ->> 'responseBytes')::int,
          response_truncated = (r.attempt ->> 'responseTruncated')::boolean,
          response_body = decode(r.attempt ->> 'responseBody', 'base64')
        from running r
        where r.before = 'running' and r.owner = 'worker' and r.pending is null
          and a.run_id = any (v_runs) and a.run_id = r."runId" and a.attempt = r.number and a.outcome = 'running'
        returning r.*, a as latest
    ), ended as (
      update runs r set status = s.status, error = s.error, pause = null,
          -- most have one leg: the function, called for each row, would cost more than all the rest
          usage = case when r.usage is null or s.usage is null then coalesce(s.usage, r.usage) else add_usage_v1(r.usage, s.usage) end,
          worker_id = null, ended_at = v_now, failures = r.failures + (case when s.status = 'failed' then 1 else 0 end),
          ended_seq = s.last_seq + jsonb_array_length(s.events) + 1
        from settled s where r.id = s."runId" and r.id = any (v_runs)
        returning r as run, s.organization_id, s.last_seq, s.queued_count, s.items, s.events, s.latest
    ), told as materialized (
      select e.*, jsonb_build_object('run', run_json_v1(e.run, case when (e.run).attempt = 1 then '[]' else (
          select jsonb_agg(attempt_json_v1(a, (e.run).created_at) order by a.attempt) from attempts a
            where a.run_id = (e.run).id and a.attempt < (e.run).attempt) end
        || jsonb_build_array(attempt_json_v1(e.latest, (e.run).created_at)))) as data
      from ended e
    ), kept as (
      insert into items (id, session_id, run_id, run_no, item_no, leg, kind, status, data, created_at)
        -- taken apart by hand: jsonb_to_recordset costs a run more than all that is inserted here
        select (i ->> 'id')::uuid, (t.run).session_id, (t.run).id, (t.run).run_no, (i ->> 'itemNo')::int, (t.run).leg,
          i ->> 'kind', i ->> 'status', i -> 'data', (i ->> 'createdAt')::timestamptz
        from told t, jsonb_array_elements(t.items) as i
        -- of an earlier leg: the last of them may become the output
        on conflict (id) do update set kind = excluded.kind, status = excluded.status
          where (items.kind, items.status) is distinct from (excluded.kind, excluded.status)
    ), logged as (
      insert into session_events (session_id, seq, run_id, attempt, type, data, at)
        select (t.run).session_id, t.last_seq + e.place, (t.run).id, (t.run).attempt, e.event ->> 'type', e.event -> 'data', v_now
          from told t, jsonb_array_elements(t.events) with ordinality as e (event, place)
          where e.event ->> 'type' <> 'item.delta'
        union all
        select (t.run).session_id, (t.run).ended_seq, (t.run).id, (t.run).attempt, 'run.' || (t.run).status, t.data, v_now
          from told t
    ), grown as (
      insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
        select (t.run).session_id, t.last_seq + e.place, (t.run).id, (t.run).attempt, (e.event -> 'data' ->> 'itemId')::uuid,
          e.event -> 'data' -> 'patch', v_now
        from told t, jsonb_array_elements(t.events) with ordinality as e (event, place)
        where e.event ->> 'type' = 'item.delta'
    ), touched as (
      update sessions s set updated_at = v_now from told t where s.id = (t.run).session_id and s.id = any (v_sessions)
    ), released as (
      update session_heads h set last_seq = (t.run).ended_seq, held_run_id = null from told t
        where h.session_id = (t.run).session_id and h.session_id = any (v_sessions)
    )
    select t.run, t.last_seq, t.queued_count, t.organization_id, t.data,
      exists (select from webhook_endpoints e where e.organization_id = t.organization_id and e.disabled_at is null) as is_awaited
    from told t
  loop
    v_done := v_done || (v_ended.run).id;
    if v_ended.is_awaited then
      -- what comes before it is told to nobody
      perform write_deliveries_v1(v_ended.organization_id, (v_ended.run).session_id, (v_ended.run).id, (v_ended.run).attempt,
        (v_ended.run).ended_seq - 1, v_now,
        jsonb_build_array(jsonb_build_object('type', 'run.' || (v_ended.run).status, 'data', v_ended.data)));
    end if;
    v_next := null;
    if v_ended.queued_count > 0 then v_next := release_head_v1((v_ended.run).session_id, (v_ended.run).run_no); end if;
    return next json_build_object('runId', (v_ended.run).id, 'outcome', 'ended', 'baseSeq', v_ended.last_seq, 'at', v_now,
      'attempt', (v_ended.run).attempt, 'ended', v_ended.data, 'nextRunId', v_next);
  end loop;

  for v_end in
    select e.one from jsonb_array_elements(p_ends) as e (one) where (e.one ->> 'runId')::uuid <> all (v_done)
  loop
    return next (jsonb_build_object('runId', v_end -> 'runId') || end_run_v1(v_end))::json;
  end loop;
end
$$;

-- Writes down how an attempt went, or goes (outcome `running`: it isn't over). p null: only that it is over (its worker
-- could not say more).
create or replace function settle_attempt_v1(p_run_id uuid, p_attempt int, p_now timestamptz, p jsonb) returns void
language sql volatile as $$
  update attempts a set outcome = coalesce(p ->> 'outcome', 'cancelled'),
      ended_at = case when p ->> 'outcome' = 'running' then null else p_now end, error = nullif(p -> 'error', 'null'),
      reported_version = coalesce(p ->> 'reportedVersion', a.reported_version),
      first_byte_at = coalesce((p ->> 'firstByteAt')::timestamptz, a.first_byte_at),
      first_delta_at = coalesce((p ->> 'firstDeltaAt')::timestamptz, a.first_delta_at),
      request_bytes = coalesce((p ->> 'requestBytes')::int, a.request_bytes),
      request_sha256 = coalesce(p ->> 'requestSha256', a.request_sha256),
      response_status = coalesce((p ->> 'responseStatus')::int, a.response_status),
      response_bytes = coalesce((p ->> 'responseBytes')::int, a.response_bytes),
      response_truncated = coalesce((p ->> 'responseTruncated')::boolean, a.response_truncated),
      response_body = coalesce(decode(p ->> 'responseBody', 'base64'), a.response_body)
    where a.run_id = p_run_id and a.attempt = p_attempt and a.outcome = 'running'
$$;

-- Metadata after a change, of which a null takes its key away.
create or replace function merged_metadata_v1(p_metadata jsonb, p_change jsonb) returns jsonb language sql immutable as $$
  select (p_metadata || p_change) - array(select c.key from jsonb_each(p_change) c where c.value = 'null')
$$;
