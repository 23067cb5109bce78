-- A score as events and readers get it (ids still UUIDs).
create or replace function score_json_v1(p scores) returns jsonb language sql stable as $$
  select jsonb_build_object('id', p.id, 'sessionId', p.session_id, 'itemId', p.item_id, 'name', p.name, 'value', p.value,
    'comment', p.comment, 'authorKind', p.author_kind, 'authorId', p.author_id, 'createdAt', p.created_at,
    'updatedAt', p.updated_at)
$$;

-- Scores a settled item. Whoever has scored it before under this name changes his mind; the same again changes nothing.
-- in   p: { organizationId, endUserId: whose session it must be, or null, itemId, scoreId, name, value, comment, authorKind,
--           authorId }; p_key null: no idempotency key
-- out  { outcome: created | replaced, sessionId, score, baseSeq, at, events } | { outcome: unchanged, sessionId, score } |
--      { outcome: replayed, created: whether it was then, sessionId, score } | { outcome: absent | mismatch }
create or replace function score_item_v1(p jsonb, p_key jsonb) returns jsonb language plpgsql volatile as $$
declare
  v_session uuid;
  v_head session_heads;
  v_score scores;
  v_known scores;
  v_replay jsonb;
  v_now timestamptz;
  v_events jsonb;
begin
  select s.id into v_session from items i join sessions s on s.id = i.session_id
    where i.id = (p ->> 'itemId')::uuid and s.organization_id = (p ->> 'organizationId')::uuid
      and (p -> 'endUserId' = 'null' or s.end_user_id = (p ->> 'endUserId')::uuid);
  if not found then return '{"outcome": "absent"}'; end if;
  select * into v_head from session_heads h where h.session_id = v_session for no key update;
  if not found then return '{"outcome": "absent"}'; end if;

  select * into v_known from scores c where c.item_id = (p ->> 'itemId')::uuid and c.name = p ->> 'name'
    and c.author_kind = p ->> 'authorKind' and c.author_id = (p ->> 'authorId')::uuid;
  if p_key is not null then
    v_replay := keep_or_replay_v1(p_key, jsonb_build_object(
      'scoreId', coalesce(v_known.id, (p ->> 'scoreId')::uuid), 'created', v_known.id is null));
    if v_replay ? 'mismatch' then return '{"outcome": "mismatch"}'; end if;
    if v_replay is not null then
      select * into v_known from scores c where c.id = (v_replay ->> 'scoreId')::uuid;
      return jsonb_build_object('outcome', 'replayed', 'created', v_replay -> 'created', 'sessionId', v_session,
        'score', score_json_v1(v_known));
    end if;
  end if;
  if v_known.value = p -> 'value' and v_known.comment is not distinct from p ->> 'comment' then
    return jsonb_build_object('outcome', 'unchanged', 'sessionId', v_session, 'score', score_json_v1(v_known));
  end if;

  v_now := clock_timestamp();
  -- the head's lock makes whoever scores in this session wait, so that no other row can have come between
  if v_known.id is null then
    insert into scores (id, organization_id, session_id, item_id, name, value, comment, author_kind, author_id, created_at, updated_at)
      values ((p ->> 'scoreId')::uuid, v_head.organization_id, v_session, (p ->> 'itemId')::uuid, p ->> 'name', p -> 'value',
        p ->> 'comment', p ->> 'authorKind', (p ->> 'authorId')::uuid, v_now, v_now)
      returning * into v_score;
  else
    update scores c set value = p -> 'value', comment = p ->> 'comment', updated_at = v_now where c.id = v_known.id
      returning * into v_score;
  end if;
  v_events := jsonb_build_array(jsonb_build_object('type', 'feedback.created', 'data',
    jsonb_build_object('itemId', v_score.item_id, 'score', score_json_v1(v_score))));
  perform append_log_v1(v_session, null, null, v_head.last_seq, v_now, v_events);
  update session_heads h set last_seq = v_head.last_seq + 1 where h.session_id = v_session;
  return jsonb_build_object('outcome', case when v_known.id is null then 'created' else 'replaced' end, 'sessionId', v_session,
    'score', score_json_v1(v_score), 'baseSeq', v_head.last_seq, 'at', v_now, 'events', v_events);
end
$$;
