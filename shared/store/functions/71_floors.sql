-- How much of a session's log is settled: up to the last event of the runs that ended before p_before, but nothing of a run
-- that is held or has ended since. Turns are strictly in order, so behind the newest claimed run that is long over there is
-- nothing newer: a long session isn't read from its beginning. The caller holds the head's lock.
create or replace function settled_seq_v1(p_session_id uuid, p_before timestamptz) returns bigint language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
declare
  v_run record;
  v_settled bigint := 0;
  v_kept bigint;
begin
  for v_run in
    select r.first_seq, r.ended_seq, r.ended_at, r.attempt from runs r where r.session_id = p_session_id order by r.run_no desc
  loop
    if v_run.ended_at <= p_before then
      v_settled := greatest(v_settled, v_run.ended_seq);
      exit when v_run.attempt > 0;
    elsif v_run.ended_at is not null or v_run.attempt > 0 then
      v_kept := v_run.first_seq - 1;
    end if;
  end loop;
  return least(v_settled, v_kept);
end
$$;

-- Raises the floors of sessions as far as they may rise. A head that somebody else has locked is left out and returned:
-- whoever waited for it would hold the others meanwhile.
create or replace function raise_floors_v1(p_session_ids uuid[], p_grace_ms float8) returns setof uuid language plpgsql volatile as $$
declare
  v_before timestamptz := clock_timestamp() - make_interval(secs => p_grace_ms / 1000);
  v_session uuid;
  v_floor bigint;
  v_settled bigint;
begin
  for v_session in select s.id from unnest(p_session_ids) as s (id) order by s.id loop
    select h.floor_seq into v_floor from session_heads h where h.session_id = v_session for no key update skip locked;
    if not found then
      -- looked up one by one: joined with a list of unknown length, all heads would be read
      return query select h.session_id from session_heads h where h.session_id = v_session;
      continue;
    end if;
    v_settled := settled_seq_v1(v_session, v_before);
    if v_settled > v_floor then
      update session_heads h set floor_seq = v_settled where h.session_id = v_session;
    end if;
  end loop;
end
$$;
