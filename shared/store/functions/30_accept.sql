-- Makes a session, its head, and the log's first event. p: { id, organizationId, agentId, endUserId, space, handle, title,
-- metadata, anonymous: the end user is made with it }
create or replace function insert_session_v1(p jsonb) returns void language plpgsql volatile as $$
declare
  v_id uuid := p ->> 'id';
  v_now timestamptz := clock_timestamp();
  v_data jsonb;
begin
  if (p ->> 'anonymous')::boolean then
    insert into end_users (id, organization_id, anonymous, space)
      values ((p ->> 'endUserId')::uuid, (p ->> 'organizationId')::uuid, true, p ->> 'space');
  end if;
  insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, title, metadata)
    values (v_id, (p ->> 'organizationId')::uuid, (p ->> 'agentId')::uuid, (p ->> 'endUserId')::uuid, p ->> 'space',
      p ->> 'handle', p ->> 'title', p -> 'metadata');
  insert into session_heads (session_id, organization_id, last_seq) values (v_id, (p ->> 'organizationId')::uuid, 1);
  v_data := jsonb_build_object('session', session_snapshot_v1(v_id));
  insert into session_events (session_id, seq, type, data, at)
    values (v_id, 1, 'session.created', v_data, v_now);
  perform write_deliveries_v1((p ->> 'organizationId')::uuid, v_id, null, null, 0, v_now,
    jsonb_build_array(jsonb_build_object('type', 'session.created', 'data', v_data)));
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
-- A session that is busy: `reject` refuses, `enqueue` goes to the tail, `merge` joins the last run that nobody has begun,
-- `interrupt` and `rollback` cancel all that lives. What the held run had made was folded by the caller without a lock:
-- when the head has moved on since, he reads again.
-- in   p: { organizationId, sessionId, newSession?, idempotency?, runId, inputs: [{ id, data }], runType, metadata, onBusy,
--           debounceMs?, maxDebounceMs, mergedMax, metadataMax, priority, agentVersionId, version, deadlineMs,
--           queueMax, held?: { expectSeq, items, events } }
-- out  { outcome: accepted, runId, itemId, sessionId, seq, ringAfterMs?, cancelled: [runId], written: [part] } |
--      { outcome: replayed, … } | { outcome: mismatch | absent | moved | full } | { outcome: busy, activeRunId }
create or replace function accept_message_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_new jsonb := nullif(p -> 'newSession', 'null');
  v_interrupts boolean := p ->> 'onBusy' in ('interrupt', 'rollback');
  v_head session_heads;
  v_ahead int;
  v_joined runs;
  v_refusal jsonb;
  v_replay jsonb;
  v_acceptance jsonb;
  v_written jsonb := '[]';
  v_now timestamptz;
  v_events jsonb;
  v_due timestamptz;
begin
  if v_new is null then
    select * into v_head from session_heads h
      where h.session_id = v_session and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
    if not found then return '{"outcome": "absent"}'; end if;
  else
    select v_session, (p ->> 'organizationId')::uuid, 1, 1, null, 0, 0, 0 into v_head;
  end if;
  v_ahead := v_head.queued_count + (case when v_head.held_run_id is null then 0 else 1 end);
  if v_ahead > 0 and p ->> 'onBusy' = 'merge' then v_joined := mergeable_run_v1(p, v_head); end if;

  v_acceptance := jsonb_build_object('sessionId', v_session, 'runId', coalesce(v_joined.id, (p ->> 'runId')::uuid),
    'itemId', p -> 'inputs' -> 0 -> 'id', 'seq', v_head.last_seq + 2);
  if p -> 'idempotency' <> 'null' then v_replay := replayed_acceptance_v1(p -> 'idempotency'); end if;
  if v_replay is null then
    v_refusal := refuse_message_v1(p, v_head, v_ahead);
    if v_joined.id is null and not v_interrupts and v_head.queued_count >= (p ->> 'queueMax')::int then
      v_refusal := coalesce(v_refusal, '{"outcome": "full"}');
    end if;
    if v_refusal is not null then return v_refusal; end if;
    if p -> 'idempotency' <> 'null' then v_replay := keep_or_replay_v1(p -> 'idempotency', v_acceptance); end if;
  end if;
  if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
  if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;

  if v_new is not null then perform insert_session_v1(v_new); end if;
  if v_interrupts and v_ahead > 0 then
    v_written := cancel_live_runs_v1(v_head, v_ahead, p -> 'held', p ->> 'onBusy');
    select * into v_head from session_heads h where h.session_id = v_session;
    v_ahead := 0;
    v_acceptance := v_acceptance || jsonb_build_object('seq', v_head.last_seq + 2);
    update idempotency_keys k set acceptance = v_acceptance
      where p -> 'idempotency' <> 'null' and k.organization_id = v_head.organization_id
        and k.principal = p -> 'idempotency' ->> 'principal' and k.route = p -> 'idempotency' ->> 'route'
        and k.key = p -> 'idempotency' ->> 'key';
  end if;

  v_now := clock_timestamp();
  if v_joined.id is not null then
    update runs r set next_item_no = r.next_item_no + 1, metadata = r.metadata || (p -> 'metadata'),
        due_at = least(v_now + make_interval(secs => coalesce((p ->> 'debounceMs')::float8, 0) / 1000),
          r.created_at + make_interval(secs => (p ->> 'maxDebounceMs')::float8 / 1000))
      where r.id = v_joined.id returning r.due_at into v_due;
    v_events := insert_inputs_v1(v_joined, v_joined.next_item_no, p -> 'inputs', v_now)
      || jsonb_build_array(queued_event_v1(v_joined.id, v_ahead - 1));
  else
    v_events := insert_run_v1(p || jsonb_build_object('delayMs', p -> 'debounceMs'), v_head, v_ahead, v_now);
    v_due := v_now + make_interval(secs => coalesce((p ->> 'debounceMs')::float8, 0) / 1000);
  end if;
  perform append_log_v1(v_session, (v_acceptance ->> 'runId')::uuid, null, v_head.last_seq, v_now, v_events);
  update session_heads h
    set last_seq = h.last_seq + jsonb_array_length(v_events),
      next_run_no = h.next_run_no + (case when v_joined.id is null then 1 else 0 end),
      queued_count = h.queued_count + (case when v_joined.id is null then 1 else 0 end)
    where h.session_id = v_session;
  update sessions s set version = p ->> 'version' where s.id = v_session and s.version is distinct from p ->> 'version';
  return jsonb_build_object('outcome', 'accepted') || v_acceptance || jsonb_build_object(
    'ringAfterMs', case when v_ahead = 0 or v_joined.is_next then greatest(0, extract(epoch from v_due - v_now) * 1000) end,
    'cancelled', (select coalesce(jsonb_agg(part -> 'runId'), '[]') from jsonb_array_elements(v_written) part),
    'written', v_written || jsonb_build_array(jsonb_build_object('runId', v_acceptance -> 'runId', 'attempt', null,
      'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events)));
end
$$;

-- Why a message is not accepted now, or null. Leaves nothing behind.
create or replace function refuse_message_v1(p jsonb, p_head session_heads, p_ahead int) returns jsonb
language plpgsql stable as $$
begin
  if p_ahead = 0 then return null; end if;
  if p ->> 'onBusy' = 'reject' then
    return jsonb_build_object('outcome', 'busy', 'activeRunId',
      (select l.id from live_runs_v1(p_head.session_id, p_ahead) l limit 1));
  end if;
  if p ->> 'onBusy' in ('interrupt', 'rollback') and (p -> 'held' ->> 'expectSeq')::bigint is distinct from p_head.last_seq then
    return '{"outcome": "moved"}';
  end if;
  return null;
end
$$;

-- The run that a message may join: the last one, of the same type and version, that no worker has ever begun.
create or replace function mergeable_run_v1(p jsonb, p_head session_heads) returns runs language sql stable as $$
  select r.* from runs r
  where r.session_id = p_head.session_id and r.run_no = p_head.next_run_no - 1 and r.status = 'queued' and r.epoch = 0
    and r.type = p ->> 'runType' and r.agent_version_id = (p ->> 'agentVersionId')::uuid and r.retry_of is null
    and r.next_item_no < (p ->> 'mergedMax')::int
    and octet_length(r.metadata::text) + octet_length(p ->> 'metadata') <= (p ->> 'metadataMax')::int
$$;

-- Cancels all live runs of a session for a message that takes their place; `rollback` also hides what they had made. The
-- caller holds the head's lock. p_held: { items, events }, what the held run had made, folded. Returns a part for each run.
create or replace function cancel_live_runs_v1(p_head session_heads, p_ahead int, p_held jsonb, p_on_busy text) returns jsonb
language plpgsql volatile as $$
declare
  v_error jsonb := '{"code": "interrupted", "message": "A newer message took its place."}';
  v_run record;
  v_ended jsonb;
  v_written jsonb := '[]';
begin
  for v_run in select l.id from live_runs_v1(p_head.session_id, p_ahead) l loop
    v_ended := end_run_v1(jsonb_build_object('sessionId', p_head.session_id, 'runId', v_run.id,
      'expectSeq', (select h.last_seq from session_heads h where h.session_id = p_head.session_id),
      'status', 'cancelled', 'error', v_error, 'attempt', jsonb_build_object('outcome', 'cancelled', 'error', v_error),
      'items', case when v_run.id = p_head.held_run_id then p_held -> 'items' else '[]' end,
      'events', case when v_run.id = p_head.held_run_id then p_held -> 'events' else '[]' end)
      || case when p_on_busy = 'rollback' then '{"hide": "rolled_back"}' else '{}'::jsonb end);
    v_written := v_written || jsonb_build_array((v_ended - 'nextRunId' - 'outcome') || jsonb_build_object('runId', v_run.id));
  end loop;
  return v_written;
end
$$;

-- The last run of a session anew: a new run with the same inputs; what the old one had made is hidden. Earlier runs may
-- live when the last one was cancelled while it waited: the new one stands behind them, unless onBusy is `reject`.
-- in   p: { organizationId, sessionId, idempotency?, retryOf, runId, inputs: [{ id, data }], runType, metadata,
--           onBusy: reject | enqueue, agentVersionId, version, deadlineMs }
-- out  as accept_message_v1, and { outcome: not_last_run | no_input }; moved: another message had joined the old run since its
--      inputs were read
create or replace function retry_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_head session_heads;
  v_ahead int;
  v_old runs;
  v_inputs int;
  v_acceptance jsonb;
  v_replay jsonb;
  v_now timestamptz;
  v_hidden jsonb;
  v_events jsonb;
begin
  select * into v_head from session_heads h
    where h.session_id = (p ->> 'sessionId')::uuid and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  v_ahead := v_head.queued_count + (case when v_head.held_run_id is null then 0 else 1 end);
  if p -> 'idempotency' <> 'null' then v_replay := replayed_acceptance_v1(p -> 'idempotency'); end if;
  if v_replay is null then
    select * into v_old from runs r where r.id = (p ->> 'retryOf')::uuid;
    if v_old.session_id is distinct from v_head.session_id then return '{"outcome": "absent"}'; end if;
    if v_old.run_no <> v_head.next_run_no - 1 then return '{"outcome": "not_last_run"}'; end if;
    if v_old.ended_at is null then return jsonb_build_object('outcome', 'busy', 'activeRunId', v_old.id); end if;
    v_replay := refuse_message_v1(p, v_head, v_ahead);
    if v_replay is not null then return v_replay; end if;
    select count(*) into v_inputs from items i where i.run_id = v_old.id and i.kind = 'input';
    if v_inputs = 0 then return '{"outcome": "no_input"}'; end if;
    if v_inputs <> jsonb_array_length(p -> 'inputs') then return '{"outcome": "moved"}'; end if;
    -- items.hidden, the inputs, run.queued
    v_acceptance := jsonb_build_object('sessionId', v_head.session_id, 'runId', p -> 'runId',
      'itemId', p -> 'inputs' -> 0 -> 'id', 'seq', v_head.last_seq + 2 + jsonb_array_length(p -> 'inputs'));
    if p -> 'idempotency' <> 'null' then v_replay := keep_or_replay_v1(p -> 'idempotency', v_acceptance); end if;
  end if;
  if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
  if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;

  v_now := clock_timestamp();
  v_hidden := jsonb_build_array(hide_items_v1(v_old.id, 'retried'));
  perform append_log_v1(v_head.session_id, v_old.id, null, v_head.last_seq, v_now, v_hidden);
  v_head.last_seq := v_head.last_seq + 1;
  v_events := insert_run_v1(p, v_head, v_ahead, v_now);
  perform append_log_v1(v_head.session_id, (p ->> 'runId')::uuid, null, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = v_head.last_seq + jsonb_array_length(v_events), next_run_no = h.next_run_no + 1,
      queued_count = h.queued_count + 1
    where h.session_id = v_head.session_id;
  update sessions s set version = p ->> 'version' where s.id = v_head.session_id and s.version is distinct from p ->> 'version';
  return jsonb_build_object('outcome', 'accepted') || v_acceptance || jsonb_build_object('cancelled', '[]'::jsonb,
    'ringAfterMs', case when v_ahead = 0 then 0 end,
    'written', jsonb_build_array(
      jsonb_build_object('runId', v_old.id, 'attempt', null, 'baseSeq', v_head.last_seq - 1, 'at', v_now, 'events', v_hidden),
      jsonb_build_object('runId', p -> 'runId', 'attempt', null, 'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events)));
end
$$;
