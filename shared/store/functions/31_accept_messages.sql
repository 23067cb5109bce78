-- Accepts the plain ones of many messages at once: each begins a run at the end of its session's line, and nothing else
-- happens. A message is left out when its head is locked just now, when it has to refuse, merge or interrupt, when its queue is
-- full, when its idempotency key was used before, or when the version was chosen by what is no longer so: whoever calls asks
-- accept_message_v1 about it, which also waits.
-- Waits for no head, so that nobody's lock holds up the others; keys are taken in their order, so that two batches that share
-- some can't wait for each other.
-- in   p: [{ organizationId, sessionId, idempotency?, runId, itemId, input, runType, metadata, onBusy, debounceMs?, priority,
--           agentVersionId, version, sessionVersion, activeVersionId }], one entry a session and a key
--      p_limits: { deadlineMs, queueMax }
-- out  of each that was accepted: { runId, runNo, baseSeq, ahead, at }
create or replace function accept_messages_v1(p jsonb, p_limits jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_heads session_heads[];
  v_accepted jsonb;
  v_now timestamptz;
begin
  -- By key: a join with a list of unknown length would read all heads.
  select array_agg(locked.h) into v_heads from (
    select h from session_heads h
    where h.session_id = any (array(select (m.message ->> 'sessionId')::uuid from jsonb_array_elements(p) as m (message)))
    for no key update skip locked
  ) locked;
  v_now := clock_timestamp();

  with plain as materialized (
    select m.*, h.last_seq, h.next_run_no, h.queued_count + (h.held_run_id is not null)::int as ahead
    from jsonb_to_recordset(p) as m ("organizationId" uuid, "sessionId" uuid, idempotency jsonb, "runId" uuid, "itemId" uuid,
      input jsonb, "runType" text, metadata jsonb, "onBusy" text, "debounceMs" float8, priority smallint,
      "agentVersionId" uuid, version text, "sessionVersion" text, "activeVersionId" uuid)
    join unnest(v_heads) h on h.session_id = m."sessionId" and h.organization_id = m."organizationId"
    cross join lateral (select s.version as last_version, s.agent_id from sessions s where s.id = m."sessionId" offset 0) s
    cross join lateral (select a.active_version_id from agents a where a.id = s.agent_id offset 0) a
    where (h.queued_count = 0 and h.held_run_id is null or m."onBusy" = 'enqueue')
      and h.queued_count < (p_limits ->> 'queueMax')::int
      and s.last_version is not distinct from m."sessionVersion" and a.active_version_id = m."activeVersionId"
  ), kept as (
    insert into idempotency_keys as k (organization_id, principal, route, key, request_hash, acceptance)
      select m."organizationId", m.idempotency ->> 'principal', m.idempotency ->> 'route', m.idempotency ->> 'key',
        m.idempotency ->> 'requestHash', jsonb_build_object('sessionId', m."sessionId", 'runId', m."runId",
          'itemId', m."itemId", 'seq', m.last_seq + 2)
      from plain m where m.idempotency is not null order by 1, 2, 3, 4
      on conflict do nothing
      returning (k.acceptance ->> 'runId')::uuid as run_id
  ), taken as materialized (
    select m.* from plain m where m.idempotency is null or m."runId" in (select kept.run_id from kept)
  ), run as (
    insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, priority, is_next,
        due_at, queued_at, deadline_at, next_item_no, metadata, first_seq, created_at)
      select m."runId", m."organizationId", m."sessionId", m.next_run_no, m."runType", 'queued', m."agentVersionId", m.version,
        m.priority, m.ahead = 0, v_now + make_interval(secs => coalesce(m."debounceMs", 0) / 1000), v_now,
        v_now + make_interval(secs => (p_limits ->> 'deadlineMs')::float8 / 1000), 1, m.metadata, m.last_seq + 1, v_now
      from taken m
      returning *
  ), item as (
    insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
      select m."itemId", m."sessionId", m."runId", m.next_run_no, 0, 'input', 'complete', m.input, v_now from taken m
  ), event as (
    insert into session_events (session_id, seq, run_id, type, data, at)
      select m."sessionId", m.last_seq + 1, m."runId", 'item.created',
        input_event_v1(m."itemId", m."runId", m.next_run_no, 0, m.input, v_now), v_now
      from taken m
      union all
      select m."sessionId", m.last_seq + 2, m."runId", 'run.queued',
        jsonb_build_object('run', run_json_v1(r, '[]') || jsonb_build_object('queuePosition', m.ahead)), v_now
      from taken m join run r on r.id = m."runId"
  ), head as (
    update session_heads h set last_seq = h.last_seq + 2, next_run_no = h.next_run_no + 1, queued_count = h.queued_count + 1
      where h.session_id = any (array(select m."sessionId" from taken m))
  ), changed as (
    update sessions s set version = (select m.version from taken m where m."sessionId" = s.id)
      where s.id = any (array(select m."sessionId" from taken m where m.version is distinct from m."sessionVersion"))
  )
  select coalesce(jsonb_agg(jsonb_build_object('runId', m."runId", 'runNo', m.next_run_no, 'baseSeq', m.last_seq,
    'ahead', m.ahead, 'at', v_now)), '[]') into v_accepted
  from taken m;
  return v_accepted;
end
$$;

-- Accepts messages that begin sessions, each as accept_message_v1 does, in one transaction. In the order of their keys, so
-- that two batches that share some can't wait for each other.
-- out  { place, from 1: outcome }
create or replace function accept_beginnings_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_message record;
  v_outcomes jsonb := '{}';
begin
  for v_message in
    select m.message, m.place from jsonb_array_elements(p) with ordinality as m (message, place)
      order by m.message #>> '{idempotency,key}', m.place
  loop
    v_outcomes := v_outcomes || jsonb_build_object(v_message.place, accept_message_v1(v_message.message));
  end loop;
  return v_outcomes;
end
$$;
