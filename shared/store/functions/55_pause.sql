-- A running run waits for somebody: a person's approval, a tool of the front end. It stays held by its session, so that no
-- later turn overtakes; its worker is fenced.
-- in   p: { sessionId, runId, epoch, pauseId, toolCalls, expiresMs, usage?, items: [row], events: [{ type, data }], state?,
--           metadata?, attempt: { outcome, … } }
-- out  { outcome: paused, baseSeq, at, attempt, events } | { outcome: fenced }
create or replace function pause_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_held record;
  v_head session_heads;
  v_run runs;
  v_now timestamptz;
  v_expires timestamptz;
  v_events jsonb;
begin
  v_held := lock_running_v1(p);
  v_head := v_held.head;
  v_run := v_held.run;
  -- what was handed over is the agent app's, under the same epoch
  if v_run.id is null or v_run.owner <> 'worker' then return '{"outcome": "fenced"}'; end if;
  v_now := clock_timestamp();
  v_expires := v_now + make_interval(secs => (p ->> 'expiresMs')::float8 / 1000);

  perform settle_attempt_v1(v_run.id, v_run.attempt, v_now, p -> 'attempt');
  v_events := settle_leg_v1(v_run, p, v_head.last_seq, v_now);
  insert into pauses (run_id, leg, pause_id, tool_calls, created_at)
    values (v_run.id, v_run.leg, p ->> 'pauseId', p -> 'toolCalls', v_now);
  -- the deadline of a paused run is the pause's
  update runs r set status = 'paused', epoch = r.epoch + 1, worker_id = null, deadline_at = v_expires,
      next_item_no = r.next_item_no + jsonb_array_length(p -> 'items'), usage = add_usage_v1(r.usage, nullif(p -> 'usage', 'null')),
      pause = jsonb_build_object('pauseId', p -> 'pauseId', 'toolCalls', p -> 'toolCalls', 'expiresAt', v_expires)
    where r.id = v_run.id
    returning r.* into v_run;
  v_events := v_events || jsonb_build_array(jsonb_build_object('type', 'run.paused',
    'data', jsonb_build_object('run', run_snapshot_v1(v_run.id))));
  perform append_log_v1(v_session, v_run.id, v_run.attempt, v_head.last_seq, v_now, v_events);
  perform write_deliveries_v1(v_head.organization_id, v_session, v_run.id, v_run.attempt, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = v_head.last_seq + jsonb_array_length(v_events), held_epoch = v_run.epoch
    where h.session_id = v_session;
  return jsonb_build_object('outcome', 'paused', 'baseSeq', v_head.last_seq, 'at', v_now, 'attempt', v_run.attempt,
    'events', v_events);
end
$$;

-- Answers calls of a pause. When all are answered the run goes back to the queue, for its next leg. What was answered
-- before is answered again with the same, and with nothing else: clients ask again when an answer got lost.
-- in   p: { sessionId, runId, pauseId, results: { callId: answer }, deadlineMs }
-- out  { outcome: resumed, baseSeq, at, events } | { outcome: waiting }: other calls are open, or nothing was new |
--      { outcome: not_paused | already_resolved | absent } | { outcome: unknown_call, callId }
create or replace function resume_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_head session_heads;
  v_run runs;
  v_pause pauses;
  v_results jsonb;
  v_unknown text;
  v_now timestamptz;
  v_events jsonb;
begin
  select * into v_head from session_heads h where h.session_id = v_session for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  select * into v_run from runs r where r.id = (p ->> 'runId')::uuid;
  if v_run.session_id is distinct from v_session then return '{"outcome": "absent"}'; end if;
  select * into v_pause from pauses a where a.run_id = v_run.id and a.pause_id = p ->> 'pauseId';
  if not found then return '{"outcome": "not_paused"}'; end if;

  select r.key into v_unknown from jsonb_object_keys(p -> 'results') as r (key)
    where not exists (select from jsonb_array_elements(v_pause.tool_calls) c where c ->> 'callId' = r.key) limit 1;
  if found then return jsonb_build_object('outcome', 'unknown_call', 'callId', v_unknown); end if;
  if exists (select from jsonb_each(p -> 'results') r where v_pause.results ? r.key and v_pause.results -> r.key <> r.value) then
    return '{"outcome": "already_resolved"}';
  end if;
  v_results := v_pause.results || (p -> 'results');
  if v_results = v_pause.results then return '{"outcome": "waiting"}'; end if;
  if v_run.status <> 'paused' or v_run.pause ->> 'pauseId' <> v_pause.pause_id then return '{"outcome": "not_paused"}'; end if;

  v_now := clock_timestamp();
  update pauses a set results = v_results where a.run_id = v_run.id and a.leg = v_pause.leg;
  if exists (select from jsonb_array_elements(v_pause.tool_calls) c where not v_results ? (c ->> 'callId')) then
    return '{"outcome": "waiting"}';
  end if;
  update pauses a set resolved_at = v_now where a.run_id = v_run.id and a.leg = v_pause.leg;
  update runs r set status = 'queued', leg = r.leg + 1, failures = 0, pause = null, is_next = true, due_at = v_now, queued_at = v_now,
      deadline_at = v_now + make_interval(secs => (p ->> 'deadlineMs')::float8 / 1000)
    where r.id = v_run.id;
  v_events := jsonb_build_array(jsonb_build_object('type', 'run.resumed',
    'data', jsonb_build_object('run', run_snapshot_v1(v_run.id))));
  perform append_log_v1(v_session, v_run.id, null, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = v_head.last_seq + 1 where h.session_id = v_session;
  return jsonb_build_object('outcome', 'resumed', 'baseSeq', v_head.last_seq, 'at', v_now, 'attempt', null, 'events', v_events);
end
$$;

-- What the agent app is told when a run goes on: the answers to the calls of the pause before this leg, in their order.
create or replace function tool_results_v1(p_run_id uuid, p_leg int) returns jsonb language sql stable as $$
  select coalesce((
    select jsonb_agg(jsonb_build_object('callId', c.call -> 'callId') || (a.results -> (c.call ->> 'callId')) order by c.place)
    from pauses a, jsonb_array_elements(a.tool_calls) with ordinality as c (call, place)
    where a.run_id = p_run_id and a.leg = p_leg - 1), '[]')
$$;
