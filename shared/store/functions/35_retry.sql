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
