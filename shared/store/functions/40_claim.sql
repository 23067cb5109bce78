-- Takes one run for a worker. The caller has locked its head and gives what it read there. Null: somebody was faster.
create or replace function claim_run_v2(
  p_worker_id uuid, p_run_id uuid, p_last_seq bigint, p_held_run_id uuid, p_now timestamptz
) returns jsonb language plpgsql volatile as $$
declare
  v_run runs;
  v_superseded jsonb := '[]';
  v_events jsonb;
begin
  -- by its id alone: with the guards in the statement a plan may choose the index of all due runs
  select * into v_run from runs r where r.id = p_run_id;
  if v_run.status <> 'queued' or not v_run.is_next or v_run.due_at > p_now then return null; end if;
  update runs r set status = 'running', epoch = r.epoch + 1, attempt = r.attempt + 1, worker_id = p_worker_id
    where r.id = p_run_id
    returning r.* into v_run;

  insert into attempts (run_id, attempt, leg, outcome, worker_id, queued_at, claimed_at)
    values (v_run.id, v_run.attempt, v_run.leg, 'running', p_worker_id, v_run.queued_at, p_now);
  if v_run.attempt > 1 then
    -- only the current leg's: what stood before a pause stays
    v_superseded := coalesce((
      select jsonb_agg(distinct e.data -> 'item' ->> 'id') from session_events e
        join attempts a on a.run_id = e.run_id and a.attempt = e.attempt
        where e.session_id = v_run.session_id and e.seq >= v_run.first_seq and e.run_id = v_run.id
          and e.type in ('item.created', 'item.completed') and a.leg = v_run.leg and a.attempt < v_run.attempt), '[]');
  end if;
  v_events := jsonb_build_array(case when v_run.attempt = 1
    then jsonb_build_object('type', 'run.started', 'data', jsonb_build_object('run', run_snapshot_v1(v_run.id)))
    else jsonb_build_object('type', 'run.attempt', 'data',
      jsonb_build_object('run', run_snapshot_v1(v_run.id), 'supersededItemIds', v_superseded)) end);
  perform append_log_v1(v_run.session_id, v_run.id, v_run.attempt, p_last_seq, p_now, v_events);
  update session_heads h
    set last_seq = p_last_seq + 1, held_run_id = v_run.id, held_epoch = v_run.epoch,
      queued_count = h.queued_count - (case when p_held_run_id is null then 1 else 0 end)
    where h.session_id = v_run.session_id;

  return jsonb_build_object(
    'run', jsonb_build_object(
      'id', v_run.id, 'organizationId', v_run.organization_id, 'runNo', v_run.run_no, 'type', v_run.type,
      'epoch', v_run.epoch, 'attempt', v_run.attempt, 'leg', v_run.leg, 'failures', v_run.failures,
      'agentVersionId', v_run.agent_version_id, 'version', v_run.version, 'metadata', v_run.metadata,
      'nextItemNo', v_run.next_item_no, 'deadlineAt', v_run.deadline_at),
    'session', (
      select jsonb_build_object('id', s.id, 'handle', s.handle, 'metadata', s.metadata, 'state', s.state,
        'agent', (select a.name from agents a where a.id = s.agent_id),
        'endUser', (select jsonb_build_object('id', u.id, 'externalId', u.external_id, 'metadata', u.metadata,
            'memories', u.memory_count)
          from end_users u where u.id = s.end_user_id))
      from sessions s where s.id = v_run.session_id),
    'inputs', (
      select jsonb_agg(i.data order by i.item_no) from items i where i.run_id = v_run.id and i.kind = 'input'),
    'toolResults', case when v_run.leg = 0 then '[]' else tool_results_v1(v_run.id, v_run.leg) end,
    'baseSeq', p_last_seq, 'at', p_now, 'events', v_events);
end
$$;

-- Takes runs for a worker, all in one statement; the caller has locked their heads. Those that somebody else took or ended
-- before are left out. What was attempted before is taken one by one: what its attempts had made is superseded.
-- p_history: so many earlier items, and one more, are given as well, newest first, when none of them is large: a short session
-- has no more, and some agent apps want no more. Else they are read by who knows how much is wanted. They go to the agent app
-- as they are, so they are written once, as lines of text, and taken apart by nobody.
-- Each table is looked into by ids, whatever a plan makes of the joins: one that was made while they were small would read
-- all of them.
create or replace function claim_locked_v3(
  p_worker_id uuid, p_run_ids uuid[], p_session_ids uuid[], p_now timestamptz, p_history int
) returns table (claimed json, history text) language plpgsql volatile
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_taken int;
  v_again record;
  v_claimed jsonb;
begin
  return query
  -- by their ids alone: with the guards in the statement a plan may choose the index of all due runs
  with named as materialized (
    select r.* from runs r where r.id = any (p_run_ids)
  ), due as materialized (
    select n.id, h.last_seq from named n join session_heads h on h.session_id = n.session_id
      where h.session_id = any (p_session_ids)
        and n.status = 'queued' and n.is_next and n.due_at <= p_now and n.attempt = 0
  ), taken as (
    update runs r set status = 'running', epoch = r.epoch + 1, attempt = 1, worker_id = p_worker_id
      from due d where r.id = d.id and r.id = any (p_run_ids)
      returning r as run, d.last_seq
  ), told as materialized (
    select t.run, t.last_seq, jsonb_build_object('run', run_json_v1(t.run, jsonb_build_array(jsonb_build_object(
      'attempt', 1, 'leg', (t.run).leg, 'outcome', 'running', 'acceptedAt', (t.run).created_at,
      'queuedAt', (t.run).queued_at, 'claimedAt', p_now, 'endedAt', null)))) as data
    from taken t
  ), begun as (
    insert into attempts (run_id, attempt, leg, outcome, worker_id, queued_at, claimed_at)
      select (t.run).id, 1, (t.run).leg, 'running', p_worker_id, (t.run).queued_at, p_now from told t
  ), logged as (
    insert into session_events (session_id, seq, run_id, attempt, type, data, at)
      select (t.run).session_id, t.last_seq + 1, (t.run).id, 1, 'run.started', t.data, p_now from told t
  ), held as (
    update session_heads h set last_seq = t.last_seq + 1, held_run_id = (t.run).id, held_epoch = (t.run).epoch,
        queued_count = h.queued_count - 1
      from told t where h.session_id = (t.run).session_id and h.session_id = any (p_session_ids)
  )
  select json_build_object(
    'run', json_build_object(
      'id', (t.run).id, 'organizationId', (t.run).organization_id, 'runNo', (t.run).run_no, 'type', (t.run).type,
      'epoch', (t.run).epoch, 'attempt', 1, 'leg', (t.run).leg, 'failures', (t.run).failures,
      'agentVersionId', (t.run).agent_version_id, 'version', (t.run).version, 'metadata', (t.run).metadata,
      'nextItemNo', (t.run).next_item_no, 'deadlineAt', (t.run).deadline_at),
    'session', json_build_object('id', s.id, 'handle', s.handle, 'metadata', s.metadata, 'state', s.state,
      'agent', (select a.name from agents a where a.id = s.agent_id),
      'endUser', (select json_build_object('id', u.id, 'externalId', u.external_id, 'metadata', u.metadata,
          'memories', u.memory_count)
        from end_users u where u.id = s.end_user_id)),
    'inputs', (
      select json_agg(i.data order by i.item_no) from items i where i.run_id = (t.run).id and i.kind = 'input'),
    'toolResults', '[]'::json,
    'baseSeq', t.last_seq, 'at', p_now, 'events', json_build_array(json_build_object('type', 'run.started', 'data', t.data))),
    (select case when count(*) = count(h.data) then
        coalesce(string_agg(h.run_no || case h.status when 'incomplete' then '!' else ' ' end || h.data::text, E'\n'), '') end
      from (
        select i.run_no, i.status, case when pg_column_size(i.data) <= 2000 then i.data end as data from items i
          where i.session_id = s.id and i.run_no < (t.run).run_no and not i.hidden
          order by i.run_no desc, i.item_no desc limit p_history + 1) h)
  from told t join sessions s on s.id = (t.run).session_id
  where s.id = any (p_session_ids)
  order by array_position(p_run_ids, (t.run).id);
  get diagnostics v_taken = row_count;
  if v_taken = cardinality(p_run_ids) then return; end if;

  for v_again in
    with named as materialized (select r.* from runs r where r.id = any (p_run_ids))
    select n.id, h.last_seq, h.held_run_id from named n join session_heads h on h.session_id = n.session_id
      where h.session_id = any (p_session_ids) and n.status = 'queued' and n.attempt > 0
  loop
    v_claimed := claim_run_v2(p_worker_id, v_again.id, v_again.last_seq, v_again.held_run_id, p_now);
    if v_claimed is not null then
      claimed := v_claimed;
      history := null;
      return next;
    end if;
  end loop;
end
$$;

-- A worker takes as many due runs as it has free slots: hinted ones first, then by class and due time. Runs that have lost
-- two workers are left to the quarantine.
-- Heads that somebody else has locked are left to him, and the next ones are taken instead. Which run a session may start
-- is kept in runs.is_next under the head's lock, so blocked runs cost nothing here.
-- Only when it has locked no head at all does it wait for one, that of a hinted run: most often the next message to the
-- same session is just being accepted, and the bell would be lost. Whoever holds no other lock can't be part of a deadlock.
-- The head must still say what the run says: one that was claimed since this statement began is found different when
-- its head is locked, and doesn't count against the limit.
-- Plans are kept, and one that was made while nothing waited would read and sort the whole backlog at each claim: the
-- settings leave only the one that reads runs_due in order and stops.
-- out  a row for each claimed run: { run, session, inputs, toolResults, baseSeq, at, events }, and the earlier items, newest
--      first, a line each: its run's number, `!` when it was cut short or else a space, its data; null when they were not read
create or replace function claim_runs_v4(p_worker_id uuid, p_hints uuid[], p_limit int, p_history int)
returns table (claimed json, history text) language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
declare
  v_now timestamptz := clock_timestamp();
  v_left int := p_limit;
  v_locked boolean := false;
  v_ids uuid[];
  v_sessions uuid[];
  v_taken int;
begin
  -- a worker whose runs were given to others gets no new ones
  perform from workers w where w.id = p_worker_id and w.lapsed_at is null;
  if not found then return; end if;

  if cardinality(p_hints) > 0 then
    with r as materialized (select * from runs where id = any (p_hints)), due as (
      select r.id, h.session_id from r join session_heads h on h.session_id = r.session_id
        where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now
          and (h.held_run_id is null or (h.held_run_id = r.id and h.held_epoch = r.epoch))
        order by r.priority desc, r.due_at limit v_left
        for no key update of h skip locked
    )
    select array_agg(due.id), array_agg(due.session_id) into v_ids, v_sessions from due;
    if v_ids is not null then
      v_locked := true;
      return query select * from claim_locked_v3(p_worker_id, v_ids, v_sessions, v_now, p_history);
      get diagnostics v_taken = row_count;
      v_left := v_left - v_taken;
    end if;
  end if;

  -- once more when a run was found that somebody else took or ended meanwhile
  while v_left > 0 loop
    with due as (
      select r.id, h.session_id from runs r join session_heads h on h.session_id = r.session_id
        where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now
          and (h.held_run_id is null or (h.held_run_id = r.id and h.held_epoch = r.epoch))
        order by r.priority desc, r.due_at limit v_left
        for no key update of h skip locked
    )
    select array_agg(due.id), array_agg(due.session_id) into v_ids, v_sessions from due;
    exit when v_ids is null;
    v_locked := true;
    return query select * from claim_locked_v3(p_worker_id, v_ids, v_sessions, v_now, p_history);
    get diagnostics v_taken = row_count;
    v_left := v_left - v_taken;
  end loop;

  if v_locked or p_limit < 1 then return; end if;
  with r as materialized (select * from runs where id = any (p_hints))
    select array[r.id], array[r.session_id] into v_ids, v_sessions from r
      where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now limit 1;
  if not found then return; end if;
  perform from session_heads h
    where h.session_id = v_sessions[1] and (h.held_run_id is null or h.held_run_id = v_ids[1]) for no key update;
  if not found then return; end if;
  return query select * from claim_locked_v3(p_worker_id, v_ids, v_sessions, clock_timestamp(), p_history);
end
$$;

-- The quarantine takes one run that has lost two workers; no row when there is none.
create or replace function claim_quarantined_v2(p_worker_id uuid) returns setof jsonb language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
declare
  v_now timestamptz := clock_timestamp();
  v_due record;
  v_claimed jsonb;
begin
  perform from workers w where w.id = p_worker_id and w.lapsed_at is null and w.quarantine;
  if not found then return; end if;
  select r.id, h.last_seq, h.held_run_id into v_due from runs r join session_heads h on h.session_id = r.session_id
    where r.status = 'queued' and r.is_next and r.lapses >= 2 and r.due_at <= v_now
      and (h.held_run_id is null or (h.held_run_id = r.id and h.held_epoch = r.epoch))
    order by r.due_at limit 1
    for no key update of h skip locked;
  if not found then return; end if;
  v_claimed := claim_run_v2(p_worker_id, v_due.id, v_due.last_seq, v_due.held_run_id, v_now);
  if v_claimed is not null then return next v_claimed; end if;
end
$$;

-- Due runs that nobody has claimed for a while, the best ones first; with settings for the same reason as above.
create or replace function find_unclaimed_runs_v1(p_older_ms float8, p_limit int) returns setof uuid language plpgsql stable
set enable_sort = off set enable_seqscan = off as $$
declare
  v_due timestamptz := clock_timestamp() - make_interval(secs => p_older_ms / 1000);
begin
  return query select r.id from runs r where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_due
    order by r.priority desc, r.due_at limit p_limit;
end
$$;
