-- What every transition of a running run begins with: locks the session's head, and gives it with the run if the session
-- still holds that run under this epoch and it still runs. Else nothing: whoever asks is fenced.
-- in   p: { sessionId, runId, epoch, … }
create or replace function lock_running_v1(p jsonb, out head session_heads, out run runs) language plpgsql volatile as $$
begin
  select * into head from session_heads h where h.session_id = (p ->> 'sessionId')::uuid for no key update;
  if head.held_run_id is distinct from (p ->> 'runId')::uuid or head.held_epoch <> (p ->> 'epoch')::int then
    head := null;
    return;
  end if;
  -- by its id alone: with the guard in the statement a plan may choose the index of all running runs
  select * into run from runs r where r.id = head.held_run_id;
  if run.status <> 'running' then
    head := null;
    run := null;
  end if;
end
$$;
