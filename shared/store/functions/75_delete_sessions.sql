-- Deletes sessions. The head of each goes: whatever anybody does to a session begins with its head, so from now on it is
-- absent to all, and whoever carries out its run is fenced. What lived is cancelled, that no look for due, overdue or
-- orphaned runs finds it any more. No event says so: nobody can read the log. The rows vanish later (77_erasure.sql).
-- out  { sessionIds: those that were there, runIds: those that lived }
create or replace function delete_sessions_v1(p_organization_id uuid, p_session_ids uuid[]) returns jsonb
language plpgsql volatile set enable_seqscan = off as $$
declare
  v_heads session_heads[];
  v_sessions uuid[];
  v_runs uuid[];
  v_now timestamptz;
begin
  select array_agg(locked.h) into v_heads from (
    select h from session_heads h
      where h.session_id = any (p_session_ids) and h.organization_id = p_organization_id
      order by h.session_id for update
  ) locked;
  if v_heads is null then return '{"sessionIds": [], "runIds": []}'; end if;
  v_now := clock_timestamp();
  v_sessions := array(select h.session_id from unnest(v_heads) h);
  v_runs := array(select l.id from unnest(v_heads) h
    cross join lateral live_runs_v1(h.session_id, h.queued_count + (h.held_run_id is not null)::int) l);

  update attempts a set outcome = 'cancelled', ended_at = v_now where a.run_id = any (v_runs) and a.outcome = 'running';
  update runs r set status = 'cancelled', epoch = r.epoch + 1, worker_id = null, pause = null, pending = null, ended_at = v_now
    where r.id = any (v_runs);
  delete from session_heads h where h.session_id = any (v_sessions);
  update sessions s set deleted_at = v_now where s.id = any (v_sessions);
  return jsonb_build_object('sessionIds', to_jsonb(v_sessions), 'runIds', to_jsonb(v_runs));
end
$$;
