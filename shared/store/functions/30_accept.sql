-- Makes a session, its head, and the log's first event. p: { id, organizationId, agentId, endUserId, space, handle, title,
-- metadata, anonymous: the end user is made with it }
create or replace function insert_session_v1(p jsonb) returns void language plpgsql volatile as $$
declare
  v_id uuid := p ->> 'id';
begin
  if (p ->> 'anonymous')::boolean then
    insert into end_users (id, organization_id, anonymous, space)
      values ((p ->> 'endUserId')::uuid, (p ->> 'organizationId')::uuid, true, p ->> 'space');
  end if;
  insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, title, metadata)
    values (v_id, (p ->> 'organizationId')::uuid, (p ->> 'agentId')::uuid, (p ->> 'endUserId')::uuid, p ->> 'space',
      p ->> 'handle', p ->> 'title', p -> 'metadata');
  insert into session_heads (session_id, organization_id, last_seq) values (v_id, (p ->> 'organizationId')::uuid, 1);
  insert into session_events (session_id, seq, type, data, at)
    values (v_id, 1, 'session.created', jsonb_build_object('session', session_snapshot_v1(v_id)), clock_timestamp());
end
$$;

-- What an earlier request with the same key was answered: null when there is none that still counts,
-- { mismatch: true } when it was another request.
create or replace function replayed_acceptance_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_hash text;
  v_acceptance jsonb;
begin
  select k.request_hash, k.acceptance into v_hash, v_acceptance from idempotency_keys k
    where k.organization_id = (p ->> 'organizationId')::uuid and k.principal = p ->> 'principal'
      and k.route = p ->> 'route' and k.key = p ->> 'key'
      and k.created_at > clock_timestamp() - make_interval(secs => (p ->> 'ttlMs')::float8 / 1000);
  if not found then return null; end if;
  return case when v_hash = p ->> 'requestHash' then v_acceptance else '{"mismatch": true}'::jsonb end;
end
$$;

-- Keeps an acceptance under its key. False when another transaction has kept one meanwhile: read again.
create or replace function keep_acceptance_v1(p jsonb, p_acceptance jsonb) returns boolean language plpgsql volatile as $$
begin
  insert into idempotency_keys as k (organization_id, principal, route, key, request_hash, acceptance)
    values ((p ->> 'organizationId')::uuid, p ->> 'principal', p ->> 'route', p ->> 'key', p ->> 'requestHash', p_acceptance)
    on conflict (organization_id, principal, route, key) do update
      set request_hash = excluded.request_hash, acceptance = excluded.acceptance, created_at = clock_timestamp()
      where k.created_at <= clock_timestamp() - make_interval(secs => (p ->> 'ttlMs')::float8 / 1000);
  return found;
end
$$;

-- Keeps an acceptance under its key and returns null, or returns what an earlier request with this key was answered.
-- Between the two looks an old record may come to its end: then once more.
create or replace function keep_or_replay_v1(p jsonb, p_acceptance jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_replay jsonb;
begin
  loop
    if keep_acceptance_v1(p, p_acceptance) then return null; end if;
    v_replay := replayed_acceptance_v1(p);
    if v_replay is not null then return v_replay; end if;
  end loop;
end
$$;

-- Creates a session. p_idempotency null: no key. Out: { outcome: created | replayed | mismatch, sessionId }
create or replace function create_session_v1(p_session jsonb, p_idempotency jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_acceptance jsonb := jsonb_build_object('sessionId', p_session -> 'id');
  v_replay jsonb;
begin
  if p_idempotency is not null then
    v_replay := keep_or_replay_v1(p_idempotency, v_acceptance);
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;
  end if;
  perform insert_session_v1(p_session);
  return jsonb_build_object('outcome', 'created') || v_acceptance;
end
$$;

-- Accepts one message: the head's lock first, then the idempotency record, the input item, the queued run, its events.
-- in   p: { organizationId, sessionId, newSession?, idempotency?, runId, itemId, runType, input, metadata, onBusy,
--           priority, agentVersionId, version, deadlineMs }
-- out  { outcome: accepted, runId, itemId, sessionId, seq, ring, events } | { outcome: replayed, … } |
--      { outcome: mismatch } | { outcome: busy, activeRunId } | { outcome: absent }
create or replace function accept_message_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_run uuid := p ->> 'runId';
  v_item uuid := p ->> 'itemId';
  v_key jsonb := nullif(p -> 'idempotency', 'null');
  v_new jsonb := nullif(p -> 'newSession', 'null');
  v_head session_heads;
  v_ahead int;
  v_now timestamptz;
  v_replay jsonb;
  v_acceptance jsonb;
  v_events jsonb;
begin
  if v_new is null then
    select * into v_head from session_heads h
      where h.session_id = v_session and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
    if not found then return '{"outcome": "absent"}'; end if;
    v_ahead := v_head.queued_count + (case when v_head.held_run_id is null then 0 else 1 end);
  else
    v_head.last_seq := 1;
    v_head.next_run_no := 1;
    v_ahead := 0;
  end if;

  if v_key is not null then
    v_replay := replayed_acceptance_v1(v_key);
    if v_replay is null and not (v_ahead > 0 and p ->> 'onBusy' = 'reject') then
      v_acceptance := jsonb_build_object('sessionId', v_session, 'runId', v_run, 'itemId', v_item, 'seq', v_head.last_seq + 2);
      v_replay := keep_or_replay_v1(v_key, v_acceptance);
    end if;
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;
  end if;

  if v_ahead > 0 and p ->> 'onBusy' = 'reject' then
    -- the oldest queued one, found from the newest back: a long session isn't read from its beginning
    return jsonb_build_object('outcome', 'busy', 'activeRunId', coalesce(v_head.held_run_id, (
      select q.id from (
        select r.id, r.run_no from runs r where r.session_id = v_session and r.ended_at is null
          order by r.run_no desc limit v_head.queued_count) q
        order by q.run_no limit 1)));
  end if;

  if v_new is not null then perform insert_session_v1(v_new); end if;
  v_now := clock_timestamp();
  insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, priority, is_next,
      due_at, queued_at, deadline_at, next_item_no, metadata, first_seq, created_at)
    values (v_run, (p ->> 'organizationId')::uuid, v_session, v_head.next_run_no, p ->> 'runType', 'queued',
      (p ->> 'agentVersionId')::uuid, p ->> 'version', (p ->> 'priority')::smallint, v_ahead = 0, v_now, v_now,
      v_now + make_interval(secs => (p ->> 'deadlineMs')::float8 / 1000), 1, p -> 'metadata', v_head.last_seq + 1, v_now);
  insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
    values (v_item, v_session, v_run, v_head.next_run_no, 0, 'input', 'complete', p -> 'input', v_now);
  v_events := jsonb_build_array(
    jsonb_build_object('type', 'item.created', 'data', jsonb_build_object('item', jsonb_build_object(
      'id', v_item, 'runId', v_run, 'runNo', v_head.next_run_no, 'itemNo', 0, 'kind', 'input', 'status', 'complete',
      'data', p -> 'input', 'createdAt', v_now))),
    jsonb_build_object('type', 'run.queued', 'data', jsonb_build_object('run',
      run_snapshot_v1(v_run) || jsonb_build_object('queuePosition', v_ahead))));
  perform append_log_v1(v_session, v_run, null, v_head.last_seq, v_now, v_events);
  update session_heads h
    set last_seq = v_head.last_seq + 2, next_run_no = v_head.next_run_no + 1, queued_count = h.queued_count + 1
    where h.session_id = v_session;
  update sessions s set version = p ->> 'version' where s.id = v_session and s.version is distinct from p ->> 'version';
  return jsonb_build_object('outcome', 'accepted', 'sessionId', v_session, 'runId', v_run, 'itemId', v_item,
    'seq', v_head.last_seq + 2, 'ring', v_ahead = 0, 'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events);
end
$$;
