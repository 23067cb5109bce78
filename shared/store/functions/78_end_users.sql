-- Makes an end user known by his external id, or changes the metadata of one who is.
-- in   p: { id, organizationId, externalId, metadata: the change, space?: of somebody new, metadataMax }; p_key null: no key
-- out  { outcome: created | updated, endUser: row } | { outcome: replayed, created: whether it was then, endUser: row } | { outcome: mismatch | absent: revoked, or erased since |
--      too_large }
create or replace function upsert_end_user_v1(p jsonb, p_key jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_known end_users;
  v_metadata jsonb;
  v_replay jsonb;
  v_kept boolean := p_key is null;
begin
  loop
    select * into v_known from end_users u
      where u.organization_id = (p ->> 'organizationId')::uuid and u.external_id = p ->> 'externalId' for no key update;
    if v_known.revoked_at is not null then return '{"outcome": "absent"}'; end if;
    v_metadata := merged_metadata_v1(coalesce(v_known.metadata, '{}'), p -> 'metadata');
    if octet_length(v_metadata::text) > (p ->> 'metadataMax')::int then return '{"outcome": "too_large"}'; end if;
    if not v_kept then
      v_replay := keep_or_replay_v1(p_key, jsonb_build_object('created', v_known.id is null));
      if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
      if v_replay is not null then
        -- the first request with this key may have been waited for: what it has made is seen only now
        select * into v_known from end_users u
          where u.organization_id = (p ->> 'organizationId')::uuid and u.external_id = p ->> 'externalId' and u.revoked_at is null;
        if v_known.id is null then return '{"outcome": "absent"}'; end if;
        return jsonb_build_object('outcome', 'replayed', 'created', v_replay -> 'created', 'endUser', to_jsonb(v_known));
      end if;
      v_kept := true;
    end if;
    if v_known.id is not null then
      update end_users u set metadata = v_metadata where u.id = v_known.id returning * into v_known;
      return jsonb_build_object('outcome', 'updated', 'endUser', to_jsonb(v_known));
    end if;
    insert into end_users (id, organization_id, external_id, anonymous, metadata, space)
      values ((p ->> 'id')::uuid, (p ->> 'organizationId')::uuid, p ->> 'externalId', false, v_metadata,
        coalesce(p ->> 'space', 'production'))
      on conflict (organization_id, external_id) do nothing returning * into v_known;
    if found then return jsonb_build_object('outcome', 'created', 'endUser', to_jsonb(v_known)); end if;
    -- somebody else was faster
  end loop;
end
$$;

-- in   p: { organizationId, endUserId, metadata: the change, metadataMax }
-- out  { outcome: updated, endUser: row } | { outcome: absent | too_large }
create or replace function update_end_user_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_known end_users;
  v_metadata jsonb;
begin
  select * into v_known from end_users u
    where u.id = (p ->> 'endUserId')::uuid and u.organization_id = (p ->> 'organizationId')::uuid and u.revoked_at is null
    for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  v_metadata := merged_metadata_v1(v_known.metadata, p -> 'metadata');
  if octet_length(v_metadata::text) > (p ->> 'metadataMax')::int then return '{"outcome": "too_large"}'; end if;
  update end_users u set metadata = v_metadata where u.id = v_known.id returning * into v_known;
  return jsonb_build_object('outcome', 'updated', 'endUser', to_jsonb(v_known));
end
$$;
