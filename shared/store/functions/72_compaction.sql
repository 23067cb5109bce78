-- The next sessions, by id, that have deltas in one table; covered: all that it has there is at or below its floor, so that
-- no reader asks for it any more. Jumps from session to session in the index.
create or replace function delta_sessions_v1(p_name text, p_after uuid, p_limit int)
returns table (session_id uuid, covered boolean) language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
begin
  return query execute format($sql$
    with recursive s as (
      (select d.session_id from %1$I d where d.session_id > $1 order by d.session_id limit 1)
      union all
      select (select d.session_id from %1$I d where d.session_id > s.session_id order by d.session_id limit 1)
        from s where s.session_id is not null
    )
    select s.session_id, coalesce(
        (select h.floor_seq from session_heads h where h.session_id = s.session_id) >=
        (select d.seq from %1$I d where d.session_id = s.session_id order by d.seq desc limit 1), true)
      from s where s.session_id is not null limit $2
    $sql$, p_name) using p_after, p_limit;
end
$$;

-- Whether a held run keeps a table of deltas that is over since then: the floor of its session stays before the run's first event. False as well
-- when another process has dropped the table. Each held run is looked up in the index: a join of another kind would read
-- the whole table.
create or replace function deltas_are_held_v1(p_name text, p_over_ms float8) returns boolean language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_held boolean;
begin
  execute format($sql$
    select exists (select from runs r
      where (r.status in ('running', 'paused') or (r.status = 'queued' and r.epoch > 0))
        and r.created_at < clock_timestamp() - make_interval(secs => $1 / 1000)
        and exists (select from %I d where d.session_id = r.session_id and d.seq >= r.first_seq))
    $sql$, p_name) into v_held using p_over_ms;
  return v_held;
exception when undefined_table then
  return false;
end
$$;

-- Raises the floors of the next sessions that have deltas in a table, and returns these sessions, by id; none when another
-- process has dropped the table.
create or replace function raise_delta_floors_v1(p_name text, p_after uuid, p_limit int, p_grace_ms float8)
returns setof uuid language plpgsql volatile as $$
declare
  v_sessions uuid[];
  v_open uuid[];
begin
  select array_agg(s.session_id), array_agg(s.session_id) filter (where not s.covered) into v_sessions, v_open
    from delta_sessions_v1(p_name, p_after, p_limit) s;
  perform raise_floors_v1(v_open, p_grace_ms);
  return query select unnest(v_sessions) order by 1;
exception when undefined_table then
  return;
end
$$;

-- Drops a partition of which no reader asks for anything any more. The floors were raised and committed before: a page
-- takes its locks first and its snapshot then, so that one that still finds an old floor also finds the partition.
-- The lock on the partition lets readers go on; who still writes there is waited for, and nobody comes after him: its hour
-- is long over. The drop itself locks out everybody, so it waits only a moment: behind it all others wait as well.
-- DETACH … CONCURRENTLY would not need that lock, but Postgres refuses it beside a default partition.
-- out  dropped | needed: not all is below the floors | busy: no lock in that time | absent
create or replace function drop_delta_partition_v1(p_name text, p_lock_ms int) returns text language plpgsql volatile as $$
begin
  perform set_config('lock_timeout', p_lock_ms::text, true);
  execute format('lock table %I in share row exclusive mode', p_name);
  if exists (
    select from delta_sessions_v1(p_name, '00000000-0000-0000-0000-000000000000', 2147483647) s where not s.covered
  ) then
    return 'needed';
  end if;
  execute format('drop table %I', p_name);
  return 'dropped';
exception
  when lock_not_available then return 'busy';
  when undefined_table then return 'absent';
end
$$;

-- Deletes some of what these sessions have below their floors in the default partition, which is never dropped.
create or replace function forget_default_deltas_v1(p_session_ids uuid[], p_limit int) returns int language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
declare
  v_deleted int;
begin
  delete from session_deltas_default where ctid = any (array(
    select d.ctid from unnest(p_session_ids) as s (id)
      left join session_heads h on h.session_id = s.id
      join session_deltas_default d on d.session_id = s.id and d.seq <= coalesce(h.floor_seq, d.seq)
      limit p_limit));
  get diagnostics v_deleted = row_count;
  return v_deleted;
end
$$;
