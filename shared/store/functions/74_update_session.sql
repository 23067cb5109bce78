-- Changes what a person may change of a session. The caller has checked the change against what the metadata was, and
-- tells what that was by its hash: when it was changed meanwhile, he checks again.
-- in   p: { organizationId, sessionId, metadataHash, metadata: the change, title?: null takes it away }
-- out  { outcome: updated, baseSeq, at, events } | { outcome: unchanged | moved | absent }
create or replace function update_session_v1(p jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_head session_heads;
  v_session sessions;
  v_now timestamptz;
  v_events jsonb;
begin
  select * into v_head from session_heads h
    where h.session_id = (p ->> 'sessionId')::uuid and h.organization_id = (p ->> 'organizationId')::uuid for no key update;
  if not found then return '{"outcome": "absent"}'; end if;
  select * into v_session from sessions s where s.id = v_head.session_id;
  if md5(v_session.metadata::text) <> p ->> 'metadataHash' then return '{"outcome": "moved"}'; end if;

  v_now := clock_timestamp();
  v_session.metadata := merged_metadata_v1(v_session.metadata, p -> 'metadata');
  if p ? 'title' then v_session.title := p ->> 'title'; end if;
  update sessions s set metadata = v_session.metadata, title = v_session.title, updated_at = v_now
    where s.id = v_session.id and (s.metadata, s.title) is distinct from (v_session.metadata, v_session.title);
  if not found then return '{"outcome": "unchanged"}'; end if;

  v_events := jsonb_build_array(jsonb_build_object('type', 'session.updated', 'data', jsonb_build_object('session',
    session_snapshot_v1(v_session.id) || jsonb_build_object('lastSeq', v_head.last_seq + 1))));
  perform append_log_v1(v_session.id, null, null, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = v_head.last_seq + 1 where h.session_id = v_session.id;
  return jsonb_build_object('outcome', 'updated', 'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events);
end
$$;
