-- Makes sure that deltas have an hourly partition from now on for some hours. Cheap when they are there.
-- LIKE and ATTACH instead of PARTITION OF: readers and writers of the parent go on meanwhile. Only the default partition is
-- locked against all, and everybody behind that lock waits as well: with a long reader before it, it is left to another
-- time, hours before it is needed.
create or replace function ensure_delta_partitions_v1(p_hours int) returns int language plpgsql volatile as $$
declare
  v_from timestamptz;
  v_name text;
  v_made int := 0;
begin
  perform pg_advisory_xact_lock(4172690143);
  perform set_config('lock_timeout', '100ms', true);
  for v_hour in 0 .. p_hours loop
    v_from := date_trunc('hour', clock_timestamp() at time zone 'UTC') at time zone 'UTC' + make_interval(hours => v_hour);
    v_name := 'session_deltas_' || to_char(v_from at time zone 'UTC', 'YYYYMMDDHH24');
    continue when to_regclass(v_name) is not null;
    -- rows that came while nobody made partitions stay in the default one for that hour
    continue when exists (select from session_deltas_default d where d.at >= v_from and d.at < v_from + interval '1 hour');
    begin
      execute format('create table %I (like session_deltas including defaults)', v_name);
      execute format('create index on %I (session_id, seq)', v_name);
      execute format('alter table session_deltas attach partition %I for values from (%L) to (%L)',
        v_name, v_from, v_from + interval '1 hour');
    exception when lock_not_available then
      return v_made;
    end;
    v_made := v_made + 1;
  end loop;
  return v_made;
end
$$;
