-- Makes a session, its head, and the log's first event. p: { id, organizationId, agentId, endUserId, space, handle, title,
-- metadata, anonymous: the end user is made with it }
create or replace function insert_session_v1(p jsonb) returns void language plpgsql volatile as $$
declare
  v_id uuid := p ->> 'id';
  v_now timestamptz := clock_timestamp();
  v_data jsonb;
begin
  if (p ->> 'anonymous')::boolean then
    insert into end_users (id, organization_id, anonymous, space)
      values ((p ->> 'endUserId')::uuid, (p ->> 'organizationId')::uuid, true, p ->> 'space');
  end if;
  insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, title, metadata)
    values (v_id, (p ->> 'organizationId')::uuid, (p ->> 'agentId')::uuid, (p ->> 'endUserId')::uuid, p ->> 'space',
      p ->> 'handle', p ->> 'title', p -> 'metadata');
  insert into session_heads (session_id, organization_id, last_seq) values (v_id, (p ->> 'organizationId')::uuid, 1);
  v_data := jsonb_build_object('session', session_snapshot_v1(v_id));
  insert into session_events (session_id, seq, type, data, at)
    values (v_id, 1, 'session.created', v_data, v_now);
  perform write_deliveries_v1((p ->> 'organizationId')::uuid, v_id, null, null, 0, v_now,
    jsonb_build_array(jsonb_build_object('type', 'session.created', 'data', v_data)));
end
$$;

-- Creates a session. p_idempotency null: no key. Out: { outcome: created | replayed | mismatch | no_end_user, sessionId }
create or replace function create_session_v1(p_session jsonb, p_idempotency jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_acceptance jsonb := jsonb_build_object('sessionId', p_session -> 'id');
  v_replay jsonb;
begin
  if not may_begin_session_v1(p_session) then return '{"outcome": "no_end_user"}'; end if;
  if p_idempotency is not null then
    v_replay := keep_or_replay_v1(p_idempotency, v_acceptance);
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then return jsonb_build_object('outcome', 'replayed') || v_replay; end if;
  end if;
  perform insert_session_v1(p_session);
  return jsonb_build_object('outcome', 'created') || v_acceptance;
end
$$;
