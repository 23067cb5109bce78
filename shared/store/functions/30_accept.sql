-- Accepts one message: the head's lock first, then the idempotency record, the input item, the queued run, its events.
-- A session that is busy: `reject` refuses, `enqueue` goes to the tail, `merge` joins the last run that nobody has begun,
-- `interrupt` and `rollback` cancel all that lives. What the held run had made was folded by the caller without a lock:
-- when the head has moved on since, he reads again.
-- in   p: { organizationId, sessionId, newSession?, idempotency?, runId, inputs: [{ id, data }], runType, metadata, onBusy,
--           debounceMs?, maxDebounceMs, mergedMax, metadataMax, priority, agentVersionId, version, deadlineMs,
--           queueMax, held?: { expectSeq, items, events } }
-- out  { outcome: accepted, runId, itemId, sessionId, seq, ringAfterMs?, cancelled: [runId], written: [part] } |
--      { outcome: replayed, … } | { outcome: mismatch | absent | moved | full | no_end_user } | { outcome: busy, activeRunId }
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
    if v_new is not null and not may_begin_session_v1(v_new) then v_refusal := '{"outcome": "no_end_user"}'; end if;
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
