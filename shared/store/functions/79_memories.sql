-- What is remembered of end users. Whoever adds or takes away locks the end user's row first, where their number stands,
-- so that nothing is remembered of a person who is being erased.

-- in   p: { id, organizationId, endUserId, topic, content, most }; p_key null: no key
-- out  { outcome: created | replayed, memory: row; null: it was deleted since } |
--      { outcome: mismatch | absent: no such end user | too_many }
create or replace function create_memory_v1(p jsonb, p_key jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_person end_users;
  v_memory memories;
  v_replay jsonb;
begin
  select * into v_person from end_users u
    where u.id = (p ->> 'endUserId')::uuid and u.organization_id = (p ->> 'organizationId')::uuid and u.revoked_at is null
    for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  if p_key is not null then
    v_replay := replayed_acceptance_v1(p_key);
    if v_replay is null and v_person.memory_count < (p ->> 'most')::int then
      v_replay := keep_or_replay_v1(p_key, jsonb_build_object('memoryId', p -> 'id'));
    end if;
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then
      return jsonb_build_object('outcome', 'replayed', 'memory', (
        select to_jsonb(m) from memories m where m.id = (v_replay ->> 'memoryId')::uuid));
    end if;
  end if;
  if v_person.memory_count >= (p ->> 'most')::int then return '{"outcome": "too_many"}'; end if;
  insert into memories (id, organization_id, end_user_id, topic, content, created_at, updated_at)
    values ((p ->> 'id')::uuid, v_person.organization_id, v_person.id, p ->> 'topic', p ->> 'content',
      clock_timestamp(), clock_timestamp())
    returning * into v_memory;
  update end_users u set memory_count = u.memory_count + 1 where u.id = v_person.id;
  return jsonb_build_object('outcome', 'created', 'memory', to_jsonb(v_memory));
end
$$;

-- False: there is none that the caller may see.
create or replace function delete_memory_v1(p_organization_id uuid, p_end_user_id uuid, p_memory_id uuid) returns boolean
language plpgsql volatile as $$
declare
  v_person uuid;
begin
  select m.end_user_id into v_person from memories m
    where m.id = p_memory_id and m.organization_id = p_organization_id
      and (p_end_user_id is null or m.end_user_id = p_end_user_id);
  if not found then return false; end if;
  perform from end_users u where u.id = v_person for no key update;
  delete from memories m where m.id = p_memory_id;
  if not found then return false; end if;
  update end_users u set memory_count = u.memory_count - 1 where u.id = v_person;
  return true;
end
$$;

-- What an agent app says at the end of a leg. What is known already is not remembered twice; what it names and is gone
-- stays gone. Beyond the most that a person has, what was changed the longest ago is forgotten.
-- in   p: { most, writes: [{ id: of a new one, topic?, content } | { known: id, topic?, content: null forgets it }] }
create or replace function remember_v1(p_session_id uuid, p_run_id uuid, p jsonb, p_now timestamptz) returns void
language plpgsql volatile set enable_seqscan = off as $$
declare
  v_writes jsonb := p -> 'writes';
  v_person end_users;
begin
  select u.* into v_person from sessions s join end_users u on u.id = s.end_user_id
    where s.id = p_session_id and u.deleted_at is null for no key update of u;
  if not found then return; end if;

  delete from memories m using jsonb_array_elements(v_writes) w
    where m.id = (w ->> 'known')::uuid and m.end_user_id = v_person.id and w -> 'content' = 'null';
  update memories m set topic = case when w ? 'topic' then w ->> 'topic' else m.topic end,
      content = w ->> 'content', source_run_id = p_run_id, updated_at = p_now
    from jsonb_array_elements(v_writes) w
    where m.id = (w ->> 'known')::uuid and m.end_user_id = v_person.id;
  insert into memories (id, organization_id, end_user_id, topic, content, source_run_id, created_at, updated_at)
    select distinct on (w ->> 'topic', w ->> 'content') (w ->> 'id')::uuid, v_person.organization_id, v_person.id,
      w ->> 'topic', w ->> 'content', p_run_id, p_now, p_now
    from jsonb_array_elements(v_writes) w
    where not w ? 'known' and not exists (
      select from memories m where m.end_user_id = v_person.id and m.content = w ->> 'content'
        and m.topic is not distinct from w ->> 'topic');
  delete from memories m where m.id = any (array(
    select o.id from memories o where o.end_user_id = v_person.id order by o.updated_at desc, o.id desc offset (p ->> 'most')::int));
  update end_users u set memory_count = (select count(*) from memories m where m.end_user_id = v_person.id)
    where u.id = v_person.id;
end
$$;
