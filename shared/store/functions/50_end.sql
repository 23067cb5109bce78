-- Lets go of a session: the run behind the one that has ended may start. Returns it, to be rung. The caller holds the
-- head's lock. All runs before the ended one have ended, so a long session isn't read from its beginning; `status` is not
-- asked for, or a plan may choose the index of all live runs.
create or replace function release_head_v1(p_session_id uuid, p_ended_run_no int) returns uuid language plpgsql volatile as $$
declare
  v_next uuid;
begin
  update runs r set is_next = true, queued_at = clock_timestamp()
    where r.id = (
      select n.id from runs n where n.session_id = p_session_id and n.run_no > p_ended_run_no and n.ended_at is null
        order by n.run_no limit 1)
    returning r.id into v_next;
  return v_next;
end
$$;

-- Ends a run, whoever ends it. Its worker is fenced by p.epoch; anybody else (cancel, deadline) gives no epoch but the
-- head's last_seq at which he had read and folded the run's open items: when it has moved on, he reads again.
-- in   p: { sessionId, runId, epoch?, expectSeq?, status, error?, usage?, items: [row], events: [{ type, data }],
--           hasState, state?, metadata?, attempt?: { outcome, error?, … } }
-- out  { outcome: ended, baseSeq, at, events, nextRunId } | { outcome: fenced | moved | already_ended | absent }
create or replace function end_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_run_id uuid := p ->> 'runId';
  v_head session_heads;
  v_run runs;
  v_now timestamptz;
  v_metadata jsonb := coalesce(nullif(p -> 'metadata', 'null'), '{}');
  v_events jsonb := p -> 'events';
  v_next uuid;
begin
  select * into v_head from session_heads h where h.session_id = v_session for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  if p ? 'epoch' then
    if v_head.held_run_id is distinct from v_run_id or v_head.held_epoch <> (p ->> 'epoch')::int then
      return '{"outcome": "fenced"}';
    end if;
  elsif v_head.last_seq <> (p ->> 'expectSeq')::bigint then
    return '{"outcome": "moved"}';
  end if;
  v_now := clock_timestamp();

  -- by its id alone, also below: with the guards in the statement a plan may choose the index of all live runs, or of all
  -- runs of the session
  select * into v_run from runs r where r.id = v_run_id;
  if v_run.session_id is distinct from v_session or v_run.status not in ('queued', 'running', 'paused')
      or (p ? 'epoch' and v_run.status <> 'running') then
    return '{"outcome": "already_ended"}';
  end if;
  update runs r set status = p ->> 'status', error = nullif(p -> 'error', 'null'), usage = nullif(p -> 'usage', 'null'),
      epoch = r.epoch + (case when p ? 'epoch' then 0 else 1 end), worker_id = null, ended_at = v_now,
      failures = r.failures + (case when p ->> 'status' = 'failed' then 1 else 0 end),
      ended_seq = v_head.last_seq + jsonb_array_length(v_events) + (case when v_metadata = '{}' then 1 else 2 end)
    where r.id = v_run_id
    returning r.* into v_run;

  perform settle_attempt_v1(v_run.id, v_run.attempt, v_now, p -> 'attempt');
  insert into items (id, session_id, run_id, run_no, item_no, leg, kind, status, data, created_at)
    select i.id, v_session, v_run.id, v_run.run_no, i."itemNo", v_run.leg, i.kind, i.status, i.data, i."createdAt"
    from jsonb_to_recordset(p -> 'items')
      as i (id uuid, "itemNo" int, kind text, status text, data jsonb, "createdAt" timestamptz)
    on conflict (id) do nothing;
  update sessions s set updated_at = v_now,
      state = case when (p ->> 'hasState')::boolean then p -> 'state' else s.state end,
      metadata = s.metadata || v_metadata
    where s.id = v_session;

  if v_metadata <> '{}' then
    v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'session.updated', 'data', jsonb_build_object('session',
      session_snapshot_v1(v_session) || jsonb_build_object('lastSeq', v_run.ended_seq - 1))));
  end if;
  v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'run.' || (p ->> 'status'),
    'data', jsonb_build_object('run', run_snapshot_v1(v_run.id))));
  perform append_log_v1(v_session, v_run.id, nullif(v_run.attempt, 0), v_head.last_seq, v_now, v_events);

  -- one that stood behind others lets nobody start
  if v_run.is_next then v_next := release_head_v1(v_session, v_run.run_no); end if;
  update session_heads h set last_seq = v_head.last_seq + jsonb_array_length(v_events),
      held_run_id = nullif(v_head.held_run_id, v_run_id),
      queued_count = v_head.queued_count - (case when v_head.held_run_id is not distinct from v_run_id then 0 else 1 end)
    where h.session_id = v_session;
  return jsonb_build_object('outcome', 'ended', 'baseSeq', v_head.last_seq, 'at', v_now,
    'attempt', nullif(v_run.attempt, 0), 'events', v_events, 'nextRunId', v_next);
end
$$;

-- Writes down how an attempt went. p null: only that it is over (its worker could not say more).
create or replace function settle_attempt_v1(p_run_id uuid, p_attempt int, p_now timestamptz, p jsonb) returns void
language sql volatile as $$
  update attempts a set outcome = coalesce(p ->> 'outcome', 'cancelled'), ended_at = p_now, error = nullif(p -> 'error', 'null'),
      reported_version = p ->> 'reportedVersion',
      first_byte_at = (p ->> 'firstByteAt')::timestamptz, first_delta_at = (p ->> 'firstDeltaAt')::timestamptz,
      request_bytes = (p ->> 'requestBytes')::int, request_sha256 = p ->> 'requestSha256',
      response_status = (p ->> 'responseStatus')::int, response_bytes = (p ->> 'responseBytes')::int,
      response_truncated = (p ->> 'responseTruncated')::boolean, response_body = decode(p ->> 'responseBody', 'base64')
    where a.run_id = p_run_id and a.attempt = p_attempt and a.outcome = 'running'
$$;
