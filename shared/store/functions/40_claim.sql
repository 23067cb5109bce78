-- Takes one run for a worker. The caller has locked its head and gives what it read there. Null: somebody was faster.
create or replace function claim_run_v1(
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
        'endUser', (select jsonb_build_object('id', u.id, 'externalId', u.external_id, 'metadata', u.metadata)
          from end_users u where u.id = s.end_user_id))
      from sessions s where s.id = v_run.session_id),
    'inputs', (
      select jsonb_agg(i.data order by i.item_no) from items i where i.run_id = v_run.id and i.kind = 'input'),
    'toolResults', case when v_run.leg = 0 then '[]' else tool_results_v1(v_run.id, v_run.leg) end,
    'baseSeq', p_last_seq, 'at', p_now, 'events', v_events);
end
$$;

-- A worker takes as many due runs as it has free slots: hinted ones first, then by class and due time. Runs that have lost
-- two workers are left to the quarantine.
-- Heads that somebody else has locked are left to him, and the next ones are taken instead. Which run a session may start
-- is kept in runs.is_next under the head's lock, so blocked runs cost nothing here.
-- Only when it has locked no head at all does it wait for one, that of a hinted run: most often the next message to the
-- session is just being accepted, and the bell would be lost. Whoever holds no other lock can't be part of a deadlock.
-- The head must still say what the run says: one that was claimed since this statement began is found different when
-- its head is locked, and doesn't count against the limit.
-- Plans are kept, and one that was made while nothing waited would read and sort the whole backlog at each claim: the
-- settings leave only the one that reads runs_due in order and stops.
-- out  a row for each claimed run: { run, session, inputs, toolResults, baseSeq, at, events }
create or replace function claim_runs_v1(p_worker_id uuid, p_hints uuid[], p_limit int)
returns setof jsonb language plpgsql volatile
set enable_sort = off set enable_seqscan = off as $$
declare
  v_now timestamptz := clock_timestamp();
  v_left int := p_limit;
  v_locked boolean := false;
  v_due record;
  v_claimed jsonb;
begin
  -- a worker whose runs were given to others gets no new ones
  perform from workers w where w.id = p_worker_id and w.lapsed_at is null;
  if not found then return; end if;

  for v_due in
    with r as materialized (select * from runs where id = any (p_hints))
    select r.id, h.last_seq, h.held_run_id from r join session_heads h on h.session_id = r.session_id
      where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now
        and (h.held_run_id is null or (h.held_run_id = r.id and h.held_epoch = r.epoch))
      order by r.priority desc, r.due_at limit v_left
      for no key update of h skip locked
  loop
    v_locked := true;
    v_claimed := claim_run_v1(p_worker_id, v_due.id, v_due.last_seq, v_due.held_run_id, v_now);
    continue when v_claimed is null;
    v_left := v_left - 1;
    return next v_claimed;
  end loop;

  -- once more when a run was found that somebody else took or ended meanwhile
  while v_left > 0 loop
    for v_due in
      select r.id, h.last_seq, h.held_run_id from runs r join session_heads h on h.session_id = r.session_id
        where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now
          and (h.held_run_id is null or (h.held_run_id = r.id and h.held_epoch = r.epoch))
        order by r.priority desc, r.due_at limit v_left
        for no key update of h skip locked
    loop
      v_locked := true;
      v_claimed := claim_run_v1(p_worker_id, v_due.id, v_due.last_seq, v_due.held_run_id, v_now);
      continue when v_claimed is null;
      v_left := v_left - 1;
      return next v_claimed;
    end loop;
    exit when not found;
  end loop;

  if v_locked or p_limit < 1 then return; end if;
  with r as materialized (select * from runs where id = any (p_hints))
    select r.id, r.session_id, 0::bigint as last_seq, null::uuid as held_run_id into v_due from r
      where r.status = 'queued' and r.is_next and r.lapses < 2 and r.due_at <= v_now limit 1;
  if not found then return; end if;
  select v_due.id, h.session_id, h.last_seq, h.held_run_id into v_due from session_heads h
    where h.session_id = v_due.session_id and (h.held_run_id is null or h.held_run_id = v_due.id)
    for no key update;
  if not found then return; end if;
  v_claimed := claim_run_v1(p_worker_id, v_due.id, v_due.last_seq, v_due.held_run_id, clock_timestamp());
  if v_claimed is not null then return next v_claimed; end if;
end
$$;

-- The quarantine takes one run that has lost two workers; no row when there is none.
create or replace function claim_quarantined_v1(p_worker_id uuid) returns setof jsonb language plpgsql volatile
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
  v_claimed := claim_run_v1(p_worker_id, v_due.id, v_due.last_seq, v_due.held_run_id, v_now);
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
