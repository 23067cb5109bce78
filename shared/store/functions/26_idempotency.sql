-- What an earlier request with the same key was answered: null when there is none that still counts,
-- { mismatch: true } when it was another request.
create or replace function replayed_acceptance_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_hash text;
  v_acceptance jsonb;
begin
  select k.request_hash, k.acceptance into v_hash, v_acceptance from idempotency_keys k
    where k.organization_id = (p ->> 'organizationId')::uuid and k.principal = p ->> 'principal'
      and k.route = p ->> 'route' and k.key = p ->> 'key'
      and k.created_at > clock_timestamp() - make_interval(secs => (p ->> 'ttlMs')::float8 / 1000);
  if not found then return null; end if;
  return case when v_hash = p ->> 'requestHash' then v_acceptance else '{"mismatch": true}'::jsonb end;
end
$$;

-- Keeps an acceptance under its key. False when another transaction has kept one meanwhile: read again.
create or replace function keep_acceptance_v1(p jsonb, p_acceptance jsonb) returns boolean language plpgsql volatile as $$
begin
  insert into idempotency_keys as k (organization_id, principal, route, key, request_hash, acceptance)
    values ((p ->> 'organizationId')::uuid, p ->> 'principal', p ->> 'route', p ->> 'key', p ->> 'requestHash', p_acceptance)
    on conflict (organization_id, principal, route, key) do update
      set request_hash = excluded.request_hash, acceptance = excluded.acceptance, created_at = clock_timestamp()
      where k.created_at <= clock_timestamp() - make_interval(secs => (p ->> 'ttlMs')::float8 / 1000);
  return found;
end
$$;

-- Keeps an acceptance under its key and returns null, or returns what an earlier request with this key was answered.
-- Between the two looks an old record may come to its end: then once more.
create or replace function keep_or_replay_v1(p jsonb, p_acceptance jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_replay jsonb;
begin
  loop
    if keep_acceptance_v1(p, p_acceptance) then return null; end if;
    v_replay := replayed_acceptance_v1(p);
    if v_replay is not null then return v_replay; end if;
  end loop;
end
$$;
