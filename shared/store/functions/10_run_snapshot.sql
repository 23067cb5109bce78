-- A run as events and readers get it (ids still UUIDs; shared/store/render.ts makes the wire's shape).
create or replace function run_json_v1(r runs, p_attempts jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', r.id, 'sessionId', r.session_id, 'runNo', r.run_no, 'type', r.type, 'status', r.status, 'leg', r.leg,
    'version', r.version, 'retryOf', r.retry_of, 'metadata', r.metadata, 'error', r.error, 'usage', r.usage,
    'pause', r.pause, 'createdAt', r.created_at, 'endedAt', r.ended_at, 'attempts', p_attempts
  )
$$;

-- STABLE: inside a transition it is called in a statement of its own, after the changes that it shall show.
create or replace function run_snapshot_v1(p_run_id uuid) returns jsonb language sql stable as $$
  select run_json_v1(r, coalesce((
    select jsonb_agg(jsonb_build_object(
      'attempt', a.attempt, 'leg', a.leg, 'outcome', a.outcome, 'error', a.error, 'reportedVersion', a.reported_version,
      'acceptedAt', r.created_at, 'queuedAt', a.queued_at, 'claimedAt', a.claimed_at, 'firstByteAt', a.first_byte_at,
      'firstDeltaAt', a.first_delta_at, 'endedAt', a.ended_at,
      'requestBytes', a.request_bytes, 'requestSha256', a.request_sha256,
      'responseStatus', a.response_status, 'responseBytes', a.response_bytes, 'responseTruncated', a.response_truncated
    ) order by a.attempt)
    from attempts a where a.run_id = r.id
  ), '[]'::jsonb))
  from runs r where r.id = p_run_id
$$;

-- A session without items, as events and readers get it.
create or replace function session_snapshot_v1(p_session_id uuid) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', s.id, 'handle', s.handle, 'agent', a.name, 'endUserId', s.end_user_id, 'space', s.space, 'title', s.title,
    'metadata', s.metadata, 'state', s.state, 'version', coalesce(s.version, v.version), 'lastSeq', h.last_seq,
    'createdAt', s.created_at, 'updatedAt', s.updated_at
  )
  from sessions s
  join session_heads h on h.session_id = s.id
  join agents a on a.id = s.agent_id
  left join agent_versions v on v.id = a.active_version_id
  where s.id = p_session_id
$$;
