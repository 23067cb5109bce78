-- Removes rows of deleted sessions, at most p_rows of what hangs on them; their own rows go last, so that whatever ends
-- this half-way is gone on with. Nothing is added to them any more: they have no heads.
-- out  whether there may be more to do
create or replace function erase_sessions_v1(p_sessions int, p_rows int) returns boolean language plpgsql volatile
set enable_seqscan = off as $$
declare
  v_sessions uuid[];
  v_runs uuid[];
  v_left int := p_rows;
  v_deleted int;
begin
  select array_agg(d.id) into v_sessions from (
    select s.id from sessions s where s.deleted_at is not null order by s.deleted_at limit p_sessions for update skip locked
  ) d;
  if v_sessions is null then return false; end if;

  delete from session_events e using (
    select o.session_id, o.seq from session_events o where o.session_id = any (v_sessions) limit v_left
  ) old where e.session_id = old.session_id and e.seq = old.seq;
  get diagnostics v_deleted = row_count;
  v_left := v_left - v_deleted;

  if v_left > 0 then
    delete from session_deltas d using (
      select o.session_id, o.seq from session_deltas o where o.session_id = any (v_sessions) limit v_left
    ) old where d.session_id = old.session_id and d.seq = old.seq;
    get diagnostics v_deleted = row_count;
    v_left := v_left - v_deleted;
  end if;

  if v_left > 0 then
    delete from items i where i.id = any (array(
      select o.id from items o where o.session_id = any (v_sessions) limit v_left));
    get diagnostics v_deleted = row_count;
    v_left := v_left - v_deleted;
  end if;

  if v_left > 0 then
    delete from deliveries d where d.id = any (array(
      select o.id from deliveries o where o.session_id = any (v_sessions) limit v_left));
    get diagnostics v_deleted = row_count;
    v_left := v_left - v_deleted;
  end if;

  if v_left > 0 then
    v_runs := array(select r.id from runs r where r.session_id = any (v_sessions) limit v_left);
    delete from attempts a where a.run_id = any (v_runs);
    delete from pauses a where a.run_id = any (v_runs);
    delete from runs r where r.id = any (v_runs);
    v_left := v_left - cardinality(v_runs);
  end if;

  if v_left <= 0 then return true; end if;
  delete from scores c where c.session_id = any (v_sessions);
  delete from score_changes c where c.session_id = any (v_sessions);
  delete from comment_revisions r using comments c where r.comment_id = c.id and c.session_id = any (v_sessions);
  delete from comments c where c.session_id = any (v_sessions);
  delete from discussions d where d.session_id = any (v_sessions);
  delete from session_marks m where m.session_id = any (v_sessions);
  delete from sessions s where s.id = any (v_sessions);
  return cardinality(v_sessions) = p_sessions;
end
$$;

-- Takes from an end user's row at once what it says of the person, and all by which he could come back. From now on no
-- session is begun for him (may_begin_session_v1); those that are there go next. False: there is no such end user.
create or replace function erase_end_user_v1(p_organization_id uuid, p_end_user_id uuid, p_principal text) returns boolean
language plpgsql volatile as $$
begin
  -- sessions that are just being begun are waited for
  perform from end_users u
    where u.id = p_end_user_id and u.organization_id = p_organization_id and u.deleted_at is null for update;
  if not found then return false; end if;
  update end_users u set external_id = null, metadata = '{}', memory_count = 0, deleted_at = clock_timestamp(),
      revoked_at = coalesce(u.revoked_at, clock_timestamp())
    where u.id = p_end_user_id;
  delete from memories m where m.end_user_id = p_end_user_id;
  delete from refresh_tokens t where t.end_user_id = p_end_user_id;
  delete from idempotency_keys k where k.organization_id = p_organization_id and k.principal = p_principal;
  return true;
end
$$;

-- Whether a session may be begun for its end user; until it is, he can't be erased.
create or replace function may_begin_session_v1(p_session jsonb) returns boolean language plpgsql volatile as $$
begin
  if (p_session ->> 'anonymous')::boolean then return true; end if;
  perform from end_users u where u.id = (p_session ->> 'endUserId')::uuid
    and u.organization_id = (p_session ->> 'organizationId')::uuid and u.deleted_at is null for key share;
  return found;
end
$$;

-- Erased end users, the longest erased first, with some of the sessions that they still have.
create or replace function erased_end_users_v1(p_limit int, p_sessions int)
returns table (id uuid, organization_id uuid, session_ids uuid[], has_rows boolean) language sql stable
set enable_seqscan = off as $$
  select u.id, u.organization_id,
    array(select s.id from sessions s where s.end_user_id = u.id and s.deleted_at is null limit p_sessions),
    exists (select from sessions s where s.end_user_id = u.id)
  from end_users u where u.deleted_at is not null order by u.deleted_at limit p_limit
$$;
