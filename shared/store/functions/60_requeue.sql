-- A running run goes back to the queue, still held by its session, so that no later turn overtakes.
-- The epoch is raised: whoever ran it can't write any more.
-- in   p: { sessionId, runId, epoch, delayMs, error, failed: charged against retries.max, lapsed: its worker was lost,
--           attempt?: { outcome, … } }
-- out  { outcome: requeued, baseSeq, at, attempt, events } | { outcome: fenced }
create or replace function requeue_run_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid := p ->> 'sessionId';
  v_held record;
  v_head session_heads;
  v_run runs;
  v_now timestamptz;
  v_due timestamptz;
  v_events jsonb;
begin
  v_held := lock_running_v1(p);
  v_head := v_held.head;
  v_run := v_held.run;
  -- what was handed over is the agent app's, under the same epoch
  if v_run.id is null or v_run.owner <> 'worker' then return '{"outcome": "fenced"}'; end if;
  v_now := clock_timestamp();
  v_due := v_now + make_interval(secs => (p ->> 'delayMs')::float8 / 1000);
  update runs r set status = 'queued', is_next = true, due_at = v_due, queued_at = v_now, worker_id = null,
      epoch = r.epoch + 1,
      failures = r.failures + (case when (p ->> 'failed')::boolean then 1 else 0 end),
      lapses = r.lapses + (case when (p ->> 'lapsed')::boolean then 1 else 0 end)
    where r.id = v_head.held_run_id
    returning r.* into v_run;
  perform settle_attempt_v1(v_run.id, v_run.attempt, v_now, coalesce(p -> 'attempt', jsonb_build_object('error', p -> 'error',
    'outcome', case when (p ->> 'failed')::boolean then 'failed' when (p ->> 'lapsed')::boolean then 'lapsed' else 'superseded' end)));
  v_events := jsonb_build_array(jsonb_build_object('type', 'run.retrying', 'data',
    jsonb_build_object('runId', v_run.id, 'nextAt', v_due, 'error', p -> 'error')));
  perform append_log_v1(v_session, v_run.id, v_run.attempt, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = h.last_seq + 1, held_epoch = v_run.epoch where h.session_id = v_session;
  return jsonb_build_object('outcome', 'requeued', 'baseSeq', v_head.last_seq, 'at', v_now, 'attempt', v_run.attempt,
    'events', v_events);
end
$$;
