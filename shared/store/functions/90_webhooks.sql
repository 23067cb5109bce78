-- A UUIDv7 (RFC 9562): 48 bits of unix milliseconds, then random bits with version and variant set.
create or replace function new_uuid_v1() returns uuid language sql volatile as $$
  select encode(set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid
$$;

-- Writes what webhook endpoints want to be told of a transition's events, in the transition's own transaction; the
-- parameters are those of append_log_v1. Without an endpoint it is one look into a small index.
create or replace function write_deliveries_v1(
  p_organization_id uuid, p_session_id uuid, p_run_id uuid, p_attempt int, p_base bigint, p_at timestamptz, p_events jsonb
) returns void language plpgsql volatile as $$
declare
  v_endpoint record;
begin
  for v_endpoint in
    select e.id, e.events from webhook_endpoints e where e.organization_id = p_organization_id and e.disabled_at is null
  loop
    insert into deliveries (id, organization_id, endpoint_id, session_id, seq, type, run_id, run_attempt, data, at, due_at, created_at)
      select new_uuid_v1(), p_organization_id, v_endpoint.id, p_session_id, p_base + e.place, e.event ->> 'type', p_run_id,
        p_attempt, e.event -> 'data', p_at, p_at, p_at
      from jsonb_array_elements(p_events) with ordinality as e (event, place)
      where e.event ->> 'type' = any (v_endpoint.events);
  end loop;
end
$$;

-- Takes due deliveries to be sent, a few of each endpoint: goes round the endpoints that have any, on from where the last
-- claim ended, so that none waits for another. What belongs to an endpoint that is disabled or gone ends here.
-- in   p: { limit, each: at most so many of an endpoint, room: { endpoint id: how many instead }, after: endpoint id, leaseMs }
-- out  a row for each delivery that is the caller's until its lease ends
create or replace function claim_deliveries_v1(p jsonb)
returns table (
  id uuid, organization_id uuid, endpoint_id uuid, url text, secrets text[], attempt int, tries int, session_id uuid,
  seq bigint, type text, run_id uuid, run_attempt int, data jsonb, at timestamptz
) language plpgsql volatile as $$
declare
  v_first uuid := '00000000-0000-0000-0000-000000000000';
  v_after uuid := coalesce((p ->> 'after')::uuid, v_first);
  v_last uuid := v_after;
  v_round int := 1;
  v_left int := p ->> 'limit';
  v_take int;
  v_taken int;
  v_now timestamptz := clock_timestamp();
  v_due_at timestamptz;
  v_endpoint webhook_endpoints;
begin
  while v_left > 0 loop
    -- the next endpoint, by what is due there first
    select d.endpoint_id, d.due_at into endpoint_id, v_due_at from deliveries d
      where d.status = 'pending' and d.endpoint_id > v_last order by d.endpoint_id, d.due_at limit 1;
    if v_round = 2 and (not found or endpoint_id > v_after) then return; end if;
    if not found then
      v_round := 2;
      v_last := v_first;
      continue;
    end if;
    v_last := endpoint_id;
    continue when v_due_at > v_now;

    select * into v_endpoint from webhook_endpoints e where e.id = v_last;
    if not found or v_endpoint.disabled_at is not null then
      update deliveries d set status = 'dead', claimed_at = null, ended_at = v_now,
          error = case when v_endpoint.id is null then 'The endpoint was deleted.' else 'The endpoint is disabled.' end
        where d.id = any (array(
          select c.id from deliveries c where c.status = 'pending' and c.endpoint_id = v_last and c.due_at <= v_now
            order by c.due_at limit 500 for update skip locked));
      continue;
    end if;

    v_take := least(v_left, coalesce((p -> 'room' ->> v_last::text)::int, (p ->> 'each')::int));
    return query
      update deliveries d set attempts = d.attempts + 1, claimed_at = v_now,
          due_at = v_now + make_interval(secs => (p ->> 'leaseMs')::float8 / 1000)
        where d.id = any (array(
          select c.id from deliveries c where c.status = 'pending' and c.endpoint_id = v_last and c.due_at <= v_now
            order by c.due_at limit v_take for update skip locked))
        returning d.id, d.organization_id, d.endpoint_id, v_endpoint.url,
          v_endpoint.secret || array(
            select o ->> 'secret' from jsonb_array_elements(v_endpoint.old_secrets) o where (o ->> 'until')::timestamptz > v_now),
          d.attempts, d.attempts - d.uncharged, d.session_id, d.seq, d.type, d.run_id, d.run_attempt, d.data, d.at;
    get diagnostics v_taken = row_count;
    v_left := v_left - v_taken;
  end loop;
end
$$;

-- Writes down how attempts went. Each is fenced by its number and by being under way still: an answer that comes after
-- the lease has ended, or a second time, changes nothing. In the order of ids, so that two senders never wait crosswise.
-- in   p_answers: [{ id, attempt, status: pending | delivered | dead, delayMs?, uncharged, responseStatus?, error?,
--                    gone?: the url that doesn't want to be told any more }]
create or replace function settle_deliveries_v1(p_answers jsonb) returns void language plpgsql volatile as $$
declare
  v_answer record;
  v_endpoint_id uuid;
begin
  for v_answer in
    select * from jsonb_to_recordset(p_answers) as a (id uuid, attempt int, status text, "delayMs" float8, uncharged int,
      "responseStatus" int, error text, gone text)
    order by a.id
  loop
    update deliveries d set status = v_answer.status, claimed_at = null, uncharged = least(d.attempts, d.uncharged + v_answer.uncharged),
        due_at = clock_timestamp() + make_interval(secs => coalesce(v_answer."delayMs", 0) / 1000),
        response_status = v_answer."responseStatus", error = v_answer.error,
        ended_at = case when v_answer.status <> 'pending' then clock_timestamp() end
      where d.id = v_answer.id and d.attempts = v_answer.attempt and d.claimed_at is not null
      returning d.endpoint_id into v_endpoint_id;
    if found and v_answer.gone is not null then
      update webhook_endpoints e set disabled_at = clock_timestamp()
        where e.id = v_endpoint_id and e.url = v_answer.gone and e.disabled_at is null;
    end if;
  end loop;
end
$$;

-- Makes an endpoint. One at a time of an organization, so that there are never more than p.max.
-- in   p: { id, organizationId, url, events, description, secret, max }; p_key null: no idempotency key
-- out  { outcome: created | replayed, endpointId } | { outcome: mismatch | full }
create or replace function create_webhook_endpoint_v1(p jsonb, p_key jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_organization uuid := p ->> 'organizationId';
  v_acceptance jsonb := jsonb_build_object('endpointId', p -> 'id');
  v_replay jsonb;
begin
  perform from organizations o where o.id = v_organization for no key update;
  if p_key is not null then
    v_replay := replayed_acceptance_v1(p_key);
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;
  end if;
  if (select count(*) from webhook_endpoints e where e.organization_id = v_organization) >= (p ->> 'max')::int then
    return '{"outcome": "full"}';
  end if;
  insert into webhook_endpoints (id, organization_id, url, events, description, secret)
    values ((p ->> 'id')::uuid, v_organization, p ->> 'url',
      array(select jsonb_array_elements_text(p -> 'events')), p ->> 'description', p ->> 'secret');
  if p_key is not null then perform keep_acceptance_v1(p_key, v_acceptance); end if;
  return jsonb_build_object('outcome', 'created') || v_acceptance;
end
$$;
