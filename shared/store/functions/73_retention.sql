-- The next runs whose events are past their time, in the order of their ends, on from where the last look stopped.
create or replace function outdated_runs_v1(p_keep_ms float8, p_limit int)
returns table (run_id uuid, session_id uuid) language plpgsql stable
set enable_sort = off set enable_seqscan = off as $$
declare
  v_before timestamptz := clock_timestamp() - make_interval(secs => p_keep_ms / 1000);
  v_mark log_retention;
begin
  select * into v_mark from log_retention;
  return query select r.id, r.session_id from runs r
    where (r.ended_at, r.id) > (v_mark.ended_at, v_mark.run_id) and r.ended_at < v_before
    order by r.ended_at, r.id limit p_limit;
end
$$;

-- Forgets the events below the floor up to the ends of these runs, and their agent apps' answers; moves the mark behind
-- the runs that are done with. Some events at a time: a run with more comes again. What a floor still keeps goes with the
-- later run of the session that keeps it.
-- in   p_run_ids: as outdated_runs_v1 gives them, after their sessions' floors were raised
-- out  how many of the runs are done with; null: another process is at them, or was
create or replace function forget_runs_events_v1(p_run_ids uuid[], p_limit int) returns int language plpgsql volatile as $$
declare
  v_mark log_retention;
  v_run record;
  v_left int := p_limit;
  v_deleted int;
  v_done int;
begin
  select * into v_mark from log_retention for update skip locked;
  if not found then return null; end if;
  for v_run in
    select r.id, r.ended_at, r.ended_seq, r.session_id from unnest(p_run_ids) with ordinality as p (id, place)
      join runs r on r.id = p.id
      where (r.ended_at, r.id) > (v_mark.ended_at, v_mark.run_id) order by p.place
  loop
    v_done := coalesce(v_done, 0);
    delete from session_events e where e.session_id = v_run.session_id and e.seq = any (array(
      select o.seq from session_events o where o.session_id = v_run.session_id and o.seq <= least(v_run.ended_seq,
          (select h.floor_seq from session_heads h where h.session_id = v_run.session_id))
        order by o.seq limit v_left));
    get diagnostics v_deleted = row_count;
    v_left := v_left - v_deleted;
    exit when v_left = 0;
    update attempts a set response_body = null where a.run_id = v_run.id and a.response_body is not null;
    update log_retention set ended_at = v_run.ended_at, run_id = v_run.id;
    v_done := v_done + 1;
  end loop;
  return v_done;
end
$$;
